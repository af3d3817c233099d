/* expiry: writes out the moment at which the key will end, and shows the date field only when it counts. */
for (const choice of document.querySelectorAll("[data-expiry]")) {
  const day = document.getElementById(choice.dataset.expiry);
  const result = document.getElementById(choice.dataset.result);
  const paint = () => {
    const byDate = choice.value === "date";
    day.closest("[data-expiry-date]").hidden = !byDate;
    const moment = byDate ? (/^\d{4}-\d\d-\d\d$/.test(day.value.trim()) ? `${day.value.trim()} 00:00` : "") : choice.selectedOptions[0].dataset.ends;
    result.textContent = moment ? `On ${moment} UTC.` : "";
  };
  choice.addEventListener("change", paint);
  day.addEventListener("input", paint);
  paint();
}
