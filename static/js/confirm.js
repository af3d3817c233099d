/* confirm: the act is possible when the typed text is the right one; a number may be grouped. The server checks it too. */
for (const field of document.querySelectorAll("[data-confirm-match]")) {
  const button = document.getElementById(field.dataset.confirmFor);
  const wanted = field.dataset.confirmMatch;
  const typed = () => /^\d+$/.test(wanted) ? field.value.replace(/[\s,]/g, "") : field.value.trim();
  const check = () => { button.disabled = typed() !== wanted; };
  field.addEventListener("input", check);
  window.addEventListener("pageshow", check);
  check();
}
