/* copy-button: the Clipboard API, then execCommand (plain http has no other), then "Press Ctrl+C" with the text selected.
   "Copied!" is said only after the copy worked. */
{
  const copyText = (text, field) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    return new Promise((done, failed) => {
      let box = field;
      if (!box) {
        box = document.createElement("textarea");
        box.value = text;
        box.className = "visually-hidden";
        document.body.append(box);
      }
      box.focus();
      box.select();
      let copied = false;
      try { copied = document.execCommand("copy"); } catch { copied = false; }
      if (!field) box.remove();
      if (copied) done(); else failed();
    });
  };

  const timers = new WeakMap();
  const show = (button, label) => { button.querySelector("[data-copy-label]").textContent = label; };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-with]");
    if (!button) return;
    const filled = button.dataset.template;
    const source = document.getElementById(button.dataset.copy || button.dataset.copyWith);
    const field = "value" in source ? source : null;
    button.dataset.idle ??= button.querySelector("[data-copy-label]").textContent;
    const text = field ? field.value : source.textContent.trim();
    copyText(filled ? filled.replace("YOUR_API_KEY", text) : text, filled ? null : field).then(() => {
      show(button, "Copied!");
      button.dataset.state = "done";
      announce("Copied to the clipboard.");
      if (field) field.dispatchEvent(new CustomEvent("key-copied", { bubbles: true }));
      clearTimeout(timers.get(button));
      timers.set(button, setTimeout(() => { show(button, button.dataset.idle); delete button.dataset.state; }, 2500));
    }, () => {
      const keys = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘+C" : "Ctrl+C";
      if (filled || field) { field.focus(); field.select(); } else { getSelection().selectAllChildren(source); }
      show(button, `Press ${keys} to copy`);
      announce(`Press ${keys} to copy`);
    });
  });
}
