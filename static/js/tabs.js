/* tabs: sections with headings become a tab list (arrow keys, Home, End). Without scripts they stay sections. */
for (const box of document.querySelectorAll("[data-tabs]")) {
  const sections = [...box.querySelectorAll(":scope > section")];
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", box.dataset.tabs);
  const tabs = sections.map((section) => {
    const heading = section.querySelector("h3");
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${section.id}-tab`;
    tab.textContent = heading.textContent;
    heading.hidden = true;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    section.tabIndex = 0;
    list.append(tab);
    return tab;
  });
  const pick = (index, focus) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", i === index);
      tab.tabIndex = i === index ? 0 : -1;
      sections[i].hidden = i !== index;
    });
    if (focus) tabs[index].focus();
  };
  list.addEventListener("click", (event) => { const i = tabs.indexOf(event.target); if (i >= 0) pick(i); });
  list.addEventListener("keydown", (event) => {
    const i = tabs.indexOf(document.activeElement), n = tabs.length;
    const to = { ArrowRight: (i + 1) % n, ArrowLeft: (i + n - 1) % n, Home: 0, End: n - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); pick(to, true); }
  });
  box.prepend(list);
  pick(0);
}
