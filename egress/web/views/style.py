"""The style page: what the interface is made of, for people who build it."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from egress.services.errors import Missing
from egress.web.errors import toast
from egress.web.style.page import TOASTS, parts

View = Callable[[HttpRequest], HttpResponse]


def _where_nothing_is_real(view: View) -> View:
    """Show a page in demos and to developers only: no made-up grants beside real ones."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not (settings.DEMO or settings.DEBUG):
            raise Missing("There is no such page.")
        return view(request)

    return guarded


@login_required
@_where_nothing_is_real
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Show tokens, and each part with made-up data, by the templates that the pages use."""
    return render(request, "style/page.html", parts(timezone.now()))


@login_required
@_where_nothing_is_real
@require_safe
def style_toast(request: HttpRequest) -> HttpResponse:
    """Answer with nothing but a toast, as the buttons of other pages do."""
    tone = request.GET.get("tone", "")
    if tone not in TOASTS:
        tone = "note"
    return toast(HttpResponse(status=204), TOASTS[tone], tone)
