/* filter: shows as many value fields as the condition takes, and sends no others. */
for (const operator of document.querySelectorAll("[data-filter-operator]")) {
  const form = operator.form;
  const first = form.querySelector("[data-filter-value]");
  const second = form.querySelector("[data-filter-second]");
  const show = (box, on) => { if (!box) return; box.hidden = !on; for (const field of box.querySelectorAll("input")) field.disabled = !on; };
  const paint = () => {
    const values = Number(operator.selectedOptions[0].dataset.values);
    show(first, values > 0);
    show(second, values > 1);
  };
  operator.addEventListener("change", paint);
  window.addEventListener("pageshow", paint);
  paint();
}
