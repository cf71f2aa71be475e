// Security keys: the browser asks for one before its form is sent.
(function () {
  "use strict";

  var WORDS = "The key did not answer. Try again, or use a code.";

  document.querySelectorAll("form[data-key]").forEach(function (form) {
    if (!window.PublicKeyCredential || !window.webauthnJSON) return;
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var said = form.querySelector("[data-key-error]");
      said.hidden = true;
      var options = JSON.parse(form.dataset.options);
      window.webauthnJSON[form.dataset.key](options).then(function (credential) {
        form.querySelector("[name=credential]").value = JSON.stringify(credential);
        form.submit();
      }).catch(function () {
        said.textContent = WORDS;
        said.hidden = false;
      });
    });
  });
})();
