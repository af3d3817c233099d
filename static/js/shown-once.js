/* shown-once: a page with a secret takes the address of the page behind it, so that a reload asks for that; and forgets the
   secret when it is left, so that the Back button cannot bring it up again. */
for (const field of document.querySelectorAll("[data-shown-once]")) {
  history.replaceState(null, "", field.dataset.shownOnce);
  window.addEventListener("pagehide", () => { field.value = ""; field.textContent = ""; });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
