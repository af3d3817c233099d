/* submit-once: a second press is ignored, and the label says what is happening. */
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.busy) return;
  if (button.getAttribute("aria-disabled") === "true") { event.preventDefault(); return; }
  button.setAttribute("aria-disabled", "true");
  button.dataset.idle = button.textContent;
  button.textContent = button.dataset.busy;
  announce(button.dataset.busy);
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll('[data-busy][aria-disabled="true"]')) {
    button.removeAttribute("aria-disabled");
    button.textContent = button.dataset.idle;
  }
});
