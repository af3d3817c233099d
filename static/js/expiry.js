/* expiry: writes out the moment at which the key will end, and shows and sends the date only when it counts. */
for (const choice of document.querySelectorAll("[data-expiry]")) {
  const day = document.getElementById(choice.dataset.expiry);
  const result = document.getElementById(choice.dataset.result);
  const ends = () => {
    if (choice.value !== "date") return choice.selectedOptions[0].dataset.ends;
    const text = day.value.trim();
    const date = new Date(`${text}T00:00Z`);
    const real = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
    return real && text > day.dataset.after && text <= day.dataset.latest ? `${text} 00:00` : "";
  };
  const paint = () => {
    day.closest("[data-expiry-date]").hidden = choice.value !== "date";
    day.disabled = choice.value !== "date";
    const moment = ends();
    result.textContent = moment ? `On ${moment} UTC.` : "";
  };
  choice.addEventListener("change", paint);
  day.addEventListener("input", paint);
  window.addEventListener("pageshow", paint);
  paint();
}
