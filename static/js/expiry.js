/* expiry: writes out the moment at which the key will end, and shows and sends the date only when it counts. */
for (const choice of document.querySelectorAll("[data-expiry]")) {
  const day = document.getElementById(choice.dataset.expiry);
  const result = document.getElementById(choice.dataset.result);
  const other = choice.form.querySelector("[data-expiry-other]");
  const time = other && other.querySelector("input");
  const ends = () => {
    if (choice.value === "other") return "";
    if (choice.value !== "date") return choice.selectedOptions[0].dataset.ends;
    const text = day.value.trim();
    const date = new Date(`${text}T00:00Z`);
    const real = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
    return real && text > day.dataset.after && text <= day.dataset.latest ? `${text} 00:00` : "";
  };
  const paint = () => {
    day.closest("[data-expiry-date]").hidden = choice.value !== "date";
    day.disabled = choice.value !== "date";
    if (other) { other.hidden = choice.value !== "other"; time.disabled = other.hidden; }
    const moment = ends();
    result.textContent = moment ? `On ${moment} UTC.` : "";
  };
  choice.addEventListener("change", paint);
  day.addEventListener("input", paint);
  window.addEventListener("pageshow", paint);
  paint();
}
