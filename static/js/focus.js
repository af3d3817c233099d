/* focus: an act that leads to another page says with `data-focus` where the focus is to stand there: selectors, of which the
   first visible one counts; or else the heading. Closing a dialog leads back to what opened it. A message, a summary of mistakes
   and a dialog come first. */
{
  const keep = (name, selectors) => { try { sessionStorage.setItem(name, JSON.stringify(selectors)); } catch { /* nothing is kept */ } };
  const take = (name) => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(name));
      sessionStorage.removeItem(name);
      return kept;
    } catch { return null; }
  };
  const named = (element) => (element.dataset.focus || "h1").split(" | ");
  const wanted = take("focus");
  if (wanted && !document.querySelector("dialog[data-modal], [autofocus], [data-flash], [data-summary]")) {
    const place = [...wanted, "h1"].flatMap((selector) => [...document.querySelectorAll(selector)]).find((element) => element.checkVisibility());
    if (place) {
      if (place.tabIndex < 0) place.tabIndex = -1;
      place.focus();
    }
  }
  document.addEventListener("submit", (event) => keep("focus", named(event.target)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link) return;
    if (link.matches("[data-leave]")) keep("focus", take("opener") || []);
    else if (link.dataset.focus) keep("focus", named(link));
    else if (!link.closest("dialog")) {
      const menu = link.closest("[popover]");
      keep("opener", [`a[href=${JSON.stringify(link.getAttribute("href"))}]`, ...(menu ? [`[popovertarget=${menu.id}]`] : [])]);
    }
  });
}
