"""Which address leads where."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from egress.api import problems
from egress.web import errors
from egress.web.views.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz/", healthz, name="healthz"),
    path("api/", include("egress.api.urls")),
    path("", include("egress.web.urls")),
]

Answer = Callable[..., HttpResponse]


def _by_place(of_api: Answer, of_pages: Answer) -> Answer:
    """Return the error view that answers programs below `/api/` and people elsewhere."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = of_api if request.path_info.startswith("/api/") else of_pages
        return view(request, *args, **kwargs)

    return answer


handler400 = _by_place(problems.bad_request, errors.bad_request)
handler403 = _by_place(problems.forbidden, errors.forbidden)
handler404 = _by_place(problems.not_found, errors.not_found)
handler500 = _by_place(problems.broken, errors.broken)
