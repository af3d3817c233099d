/* confirm: the act is possible when the typed number is the right one. The server checks it too. */
for (const field of document.querySelectorAll("[data-confirm-match]")) {
  const button = document.getElementById(field.dataset.confirmFor);
  const check = () => { button.disabled = field.value.replace(/[\s,]/g, "") !== field.dataset.confirmMatch; };
  field.addEventListener("input", check);
  window.addEventListener("pageshow", check);
  check();
}
