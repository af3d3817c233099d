/* password: show or hide; hidden again when the form is sent, so that no browser keeps it as text. */
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    button.textContent = show ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} ${button.dataset.what}`);
    announce(show ? "Your password is visible" : "Your password is hidden");
  });
  field.form.addEventListener("submit", () => { field.type = "password"; });
}
