/* job: while bulk work goes on, the page asks for itself every second and shows what is new. */
{
  let told = 0;
  const tick = async () => {
    const shown = document.querySelector("[data-job][data-going]");
    if (!shown) return;
    try {
      const answer = await fetch(`${location.pathname}?again`, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-job]");
      if (!answer.ok || !fresh) return void setTimeout(tick, 3000);
      const at = shown.contains(document.activeElement) && document.activeElement.localName;
      shown.replaceWith(fresh);
      document.title = page.title;
      const bar = fresh.querySelector("progress");
      const quarter = bar ? Math.floor((4 * bar.value) / bar.max) : 4;
      if (quarter > told) { told = quarter; announce(bar ? fresh.querySelector("[data-progress]").textContent : fresh.querySelector("h1").textContent); }
      if (at) {
        const next = fresh.querySelector(at) || fresh.querySelector("h1");
        if (next.tabIndex < 0) next.tabIndex = -1;
        next.focus();
      }
    } catch { /* the server is away for a moment */ }
    setTimeout(tick, 1000);
  };
  setTimeout(tick, 700);
}
