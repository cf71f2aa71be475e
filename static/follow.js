// A page whose subject changed shows it anew, unless somebody is writing on it.
(function () {
  "use strict";

  function fields() {
    return Array.prototype.slice.call(document.querySelectorAll("main textarea, main input, main select"));
  }

  function isUntouched(field) {
    if (field.type === "hidden") return true;
    // What a refused form gave back is somebody's, although it is what the page came with.
    if (field === document.activeElement || (field.matches("textarea") && field.value)) return false;
    if (field.options) {
      var chosen = Array.prototype.map.call(field.options, function (option) { return option.defaultSelected; }).indexOf(true);
      return field.selectedIndex === Math.max(0, chosen);
    }
    return field.type === "checkbox" ? field.checked === field.defaultChecked : field.value === field.defaultValue;
  }
  document.addEventListener("htmx:afterSettle", function () {
    var changed = document.querySelector("[data-follow] a");
    if (changed && fields().every(isUntouched)) {
      // Not a reload: the page may have come from a form, which would be sent again.
      window.location.assign(changed.href);
    }
  });
})();
