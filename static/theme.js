// Chooses light or dark before the first paint: the stored choice, else what the system says.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem("egress-theme") || "system";
    } catch (error) {
      return "system";
    }
  }

  function apply() {
    var choice = chosen();
    var theme = choice === "light" || choice === "dark" ? choice : dark.matches ? "dark" : "light";
    root.setAttribute("data-bs-theme", theme);
    root.setAttribute("data-theme-choice", choice);
  }

  root.classList.add("has-script");
  apply();
  dark.addEventListener("change", apply);
  window.egressTheme = { apply: apply, chosen: chosen };
})();
