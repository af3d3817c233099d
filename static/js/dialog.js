/* dialog: the server renders <dialog open> at the top of the page; this makes it modal. Esc and a press on Cancel lead to the
   page behind it. A click outside does nothing. A dialog with a secret asks first when nothing was copied. */
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  dialog.close();
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]");
  if (first) first.focus();

  const guard = dialog.querySelector("[data-guard]");
  const body = dialog.querySelector("[data-guarded]");
  const leave = dialog.querySelector("[data-leave]");
  let copied = !guard;

  const ask = () => { guard.hidden = false; body.hidden = true; guard.querySelector("button").focus(); };
  const back = () => { guard.hidden = true; body.hidden = false; dialog.querySelector("[data-copy]").focus(); };
  const close = () => { if (copied) leave.click(); else if (guard.hidden) ask(); else back(); };

  /* Browsers let a second Esc close a dialog whatever `cancel` says, so the key itself is caught. */
  dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.preventDefault(); close(); } });
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
  dialog.addEventListener("key-copied", () => { copied = true; });
  dialog.addEventListener("copy", (event) => { if (event.target.closest(".key-reveal__value")) copied = true; });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-back]")) back();
    if (event.target.closest("[data-leave]") && !copied) { event.preventDefault(); ask(); }
    if (event.target.closest("[data-leave-anyway]")) { copied = true; leave.click(); }
  });
  if (guard) window.addEventListener("beforeunload", (event) => { if (!copied) event.preventDefault(); });
}
