"""Which address leads where."""

from django.urls import URLPattern, URLResolver, include, path

from egress.web.views.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz/", healthz, name="healthz"),
    path("api/", include("egress.api.urls")),
    path("", include("egress.web.urls")),
]

handler400 = "egress.web.errors.bad_request"
handler403 = "egress.web.errors.forbidden"
handler404 = "egress.web.errors.not_found"
handler500 = "egress.web.errors.broken"
