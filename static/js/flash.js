/* flash: after an act, focus goes to what it says; after an error, to the summary. */
{
  const target = document.querySelector("[data-summary]") || document.querySelector("[data-flash]");
  if (target && !document.querySelector("dialog[data-modal]")) target.focus();
  if (target && target.matches("dialog [data-summary]")) target.focus();
}
