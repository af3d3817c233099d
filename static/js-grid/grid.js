/* grid: the head's box ticks the page, Shift ticks a range, and the bar counts what is ticked and offers what fits; CSS shows it then. */
for (const form of document.querySelectorAll("[data-grid]")) {
  const all = form.querySelector("[data-check-page]");
  const boxes = [...form.querySelectorAll(".grid__check")];
  const bar = form.querySelector("[data-bulk]");
  const count = bar.querySelector("[data-count]");
  const scope = bar.querySelector("[name=scope]");
  const wide = bar.querySelector("[data-all]");
  const acts = bar.querySelectorAll("[name=do]");
  let last = null;
  const paint = (quiet) => {
    const ticked = boxes.filter((box) => box.checked).length;
    if (scope.checked && ticked < boxes.length) scope.checked = false;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    const fits = new Set(boxes.filter((box) => box.checked).flatMap((box) => box.dataset.operations.split(" ")));
    for (const act of acts) act.hidden = ticked > 0 && !scope.checked && act.value !== "export" && !fits.has(act.value);
    count.textContent = scope.checked ? `All ${form.dataset.total} matching keys selected` : `${ticked} ${ticked === 1 ? "key" : "keys"} selected`;
    wide.hidden = scope.checked;
    if (!quiet) announce(count.textContent);
  };
  const tick = (on, matching = false) => { for (const box of boxes) box.checked = on; scope.checked = matching; paint(); };
  form.addEventListener("click", (event) => {
    const target = event.target;
    if (target.classList.contains("grid__check")) {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((a, b) => a - b);
        for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
      }
      last = target;
      paint();
    } else if (target === all) tick(all.checked);
    else if (target.closest("[data-page]")) tick(true);
    else if (target.closest("[data-all]")) { tick(true, true); bar.querySelector("[data-none]").focus(); }
    else if (target.closest("[data-none]")) { tick(false); all.focus(); }
  });
  window.addEventListener("pageshow", () => paint(true));
  paint(true);
}
