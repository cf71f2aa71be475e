"""What has to stay true while a session is used: the provider's word, and a second factor."""

import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin

from egress.models import Person
from egress.services import sign_in
from egress.services.errors import NotAllowed, ServiceError, Unavailable
from egress.web.errors import error_page
from egress.web.sign_in.adapters import HAS_PROVIDER, UPKEEP_AT
from egress.web.standing import standing_in

EVERY_SECONDS = 240
"""How often a session is looked at. With `_YOUNG`, claims are never older than five minutes."""
_YOUNG = sign_in.OLDEST - timedelta(seconds=EVERY_SECONDS)
_WITHOUT_FACTOR = ("mfa_", "account", "sign-", "session", "password", "healthz", "openid_connect_")


class SignInUpkeep(MiddlewareMixin):
    """Reads the provider's claims again every few minutes, and leads to a missing factor."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer instead of the view where somebody may not go on."""
        at = request.session.get(UPKEEP_AT)
        if at is not None and time.time() - at >= EVERY_SECONDS:
            answer = _keep_up(request)
            if answer is not None:
                return answer
        if settings.MFA_REQUIRED != "nobody" and request.method == "GET":
            return _lead_to_factor(request)
        return None


def _keep_up(request: HttpRequest) -> HttpResponse | None:
    person = request.user
    if not isinstance(person, Person):
        return None
    is_sign_out = getattr(request.resolver_match, "url_name", "") == "sign-out"
    if request.session.get(HAS_PROVIDER) and not is_sign_out:
        try:
            sign_in.refresh_claims(person, older_than=_YOUNG)
        except NotAllowed as error:
            return _out(request, error)
        except Unavailable as error:
            return _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, error)
    sign_in.note_use(person=person, session_key=request.session.session_key or "")
    request.session[UPKEEP_AT] = int(time.time())
    return None


def _out(request: HttpRequest, error: ServiceError) -> HttpResponse:
    logout(request)
    if _is_api(request):
        return _answer(request, HTTPStatus.UNAUTHORIZED, error)
    messages.error(request, error.message)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _answer(request: HttpRequest, status: HTTPStatus, error: ServiceError) -> HttpResponse:
    if not _is_api(request):
        return error_page(request, int(status), error.message)
    # RFC 9457, like every error of the API.
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": error.message,
        "reason": error.reason,
    }
    return JsonResponse(problem, status=int(status), content_type="application/problem+json")


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _lead_to_factor(request: HttpRequest) -> HttpResponse | None:
    name = getattr(request.resolver_match, "url_name", None) or ""
    if name.startswith(_WITHOUT_FACTOR) or _is_api(request) or getattr(request, "htmx", False):
        return None
    if not isinstance(request.user, Person) or not sign_in.needs_factor(standing_in(request)):
        return None
    if sign_in.has_factor(request.user.pk):
        return None
    messages.warning(
        request, "People who do what you do need a second factor here. Set one up to go on."
    )
    return redirect("mfa_index")
