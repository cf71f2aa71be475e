"""Changing how one signs in needs to have signed in lately, also for people of a provider."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from egress.models import Person, SignIn

LATELY_SECONDS = 900
View = Callable[..., HttpResponse]


def signed_in_lately(view: View) -> View:
    """Send people without a password or factor here to their provider, unless they just came.

    Everybody else confirms with what they have: django-allauth asks for that.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, Person):
            return redirect_to_login(request.get_full_path())
        if get_reauthentication_flows(request.user) or _came_lately(request):
            return view(request, *args, **kwargs)
        account = getattr(request.user, "provider_account", None)
        if account is None:
            return redirect("account")
        address = reverse("openid_connect_login", args=[account.provider])
        return redirect(f"{address}?{urlencode({'next': request.path})}")

    return guarded


def _came_lately(request: HttpRequest) -> bool:
    row = SignIn.objects.filter(session_key=request.session.session_key or "").first()
    return row is not None and time.time() - row.began_at.timestamp() < LATELY_SECONDS
