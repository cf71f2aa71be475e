// The page of the API: swagger-ui with the portal's own description, theme and CSRF token.
(function () {
  "use strict";
  var root = document.documentElement;

  // swagger-ui knows its own name for the dark theme, and toggles it by itself at first paint.
  function follow() {
    var dark = root.getAttribute("data-bs-theme") === "dark";
    if (root.classList.contains("dark-mode") !== dark) {
      root.classList.toggle("dark-mode", dark);
    }
  }
  follow();
  new MutationObserver(follow).observe(root, {
    attributes: true,
    attributeFilter: ["data-bs-theme", "class"],
  });

  // The name of each operation is a link inside a button, which nobody can tell apart by ear or
  // hit by finger. The button alone opens the operation, and writes the same address.
  var docs = document.getElementById("docs");
  new MutationObserver(function () {
    docs.querySelectorAll(".opblock-summary-control a[href]").forEach(function (link) {
      link.removeAttribute("href");
    });
    // Examples scroll, so that keys must reach them.
    docs.querySelectorAll(".microlight:not([tabindex])").forEach(function (example) {
      example.setAttribute("tabindex", "0");
    });
  }).observe(docs, { childList: true, subtree: true });

  window.SwaggerUIBundle({
    domNode: docs,
    url: docs.dataset.schema,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
    requestInterceptor: function (request) {
      var here = new URL(request.url, window.location.href).origin === window.location.origin;
      if (here && request.method && request.method !== "GET") {
        request.headers["X-CSRFToken"] = document.body.dataset.csrf;
      }
      return request;
    },
  });
})();
