"use strict";
/* Progressive enhancement only: every page works without scripts. Each file is a block of its own; this one function is shared.
   announce: says something through a live region: the one of the open dialog, since everything outside it is inert. */
function announce(text) {
  const live = document.querySelector("dialog[open] [data-live]") || document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 40);
}
