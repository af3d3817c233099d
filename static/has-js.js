/* Before the first paint: the page knows that scripts run, so that nothing jumps. */
document.documentElement.classList.add("has-js");
