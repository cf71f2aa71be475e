// What somebody typed when their session ended waits in this tab until they signed in again.
(function () {
  "use strict";

  // ---------- what was typed when the session ended waits here until somebody signs in ----------
  var KEPT = "egress-kept";
  var isSent = false;
  document.addEventListener("submit", function (event) {
    if (event.target.id === "request-form") isSent = true;
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    // What is on its way as a request is no draft any more.
    if (isSent && event.detail.elt.id === "keep-draft") event.preventDefault();
  });
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    var form = document.getElementById("request-form");
    var away = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    if (!form || away.indexOf("/sign-in") < 0) return;
    var typed = new URLSearchParams(new FormData(form));
    // Pasted text may hold passwords, and nothing else needs the token.
    typed.delete("paste");
    typed.delete("csrfmiddlewaretoken");
    try {
      window.sessionStorage.setItem(KEPT, typed.toString());
    } catch (error) {
      // Without storage the draft that the portal kept is what is left.
    }
  });
  document.addEventListener("DOMContentLoaded", function () {
    try {
      var typed = window.sessionStorage.getItem(KEPT);
      var fields = Array.from(document.querySelectorAll("[data-kept]"));
      fields.forEach(function (field) { if (typed && !field.value) field.value = typed; });
      if (!fields.length) window.sessionStorage.removeItem(KEPT);
    } catch (error) {
      // As above.
    }
  });

  // ---------- so do a comment and a note that were sent too late: their page shows them again ----------
  var SAID = "egress-said";
  var who = document.body.dataset.who;
  document.addEventListener("submit", function (event) {
    var texts = Array.from(event.target.querySelectorAll("textarea[id]")).map(function (field) { return [field.id, field.value]; });
    if (!texts.length || event.target.id === "request-form") return;
    try {
      window.sessionStorage.setItem(SAID, JSON.stringify({ who: who, page: window.location.pathname, texts: texts }));
    } catch (error) {
      // Then the text has to be typed again.
    }
  });
  document.addEventListener("htmx:afterOnLoad", function (event) {
    var away = event.detail.xhr.getResponseHeader("HX-Redirect") || "";
    if (event.detail.requestConfig.verb !== "post" || away.indexOf("/sign-in") >= 0) return;
    try {
      window.sessionStorage.removeItem(SAID);
    } catch (error) {
      // Without storage nothing was kept.
    }
  });
  document.addEventListener("DOMContentLoaded", function () {
    try {
      var said = JSON.parse(window.sessionStorage.getItem(SAID));
      if (!said) return;
      if (document.querySelector("[data-kept]")) {
        said.isLost = true;
        window.sessionStorage.setItem(SAID, JSON.stringify(said));
        return;
      }
      window.sessionStorage.removeItem(SAID);
      // Somebody else may have signed in: it is not theirs to read.
      if (!said.isLost || said.who !== who || said.page !== window.location.pathname) return;
      said.texts.forEach(function (text) {
        var field = document.getElementById(text[0]);
        if (field && !field.value) field.value = text[1];
      });
      var words = "You were signed out before it was sent. What you wrote stands there again.";
      document.dispatchEvent(new CustomEvent("toast", { detail: { text: words, tone: "wait" } }));
    } catch (error) {
      // Without storage nothing was kept.
    }
  });
})();
