"use strict";
/* Progressive enhancement only: every page works without scripts. Each file is a block of its own; this one function is shared.
   announce: says something through the page's live region. */
function announce(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 40);
}
