/* row-menu: one menu for all rows, filled when it is opened with what can be done to the key of its row. */
document.addEventListener("click", (event) => {
  const button = event.target.closest('[popovertarget="row-menu"]');
  if (!button) return;
  const menu = document.getElementById("row-menu");
  const box = button.closest("tr").querySelector(".grid__check");
  const path = `${location.pathname}/${box.value}`;
  menu.querySelector("a").href = path;
  for (const item of menu.querySelectorAll("[data-operation]")) {
    item.hidden = !box.dataset.operations.split(" ").includes(item.dataset.operation);
    item.setAttribute("formaction", `${path}/${item.dataset.operation}`);
  }
});
