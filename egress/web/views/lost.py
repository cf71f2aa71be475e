"""Sessions and forms that grew too old: nobody types anything twice because of them."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from egress.services.requests import without_secrets
from egress.services.sign_in.providers import providers
from egress.web import errors
from egress.web.forms.sign_in import SignInForm
from egress.web.unsent import place_here
from egress.web.views.session import demo_people

View = Callable[..., HttpResponse]
_KEEPS = "keeps_what_is_typed"


def keeps_what_is_typed(view: View) -> View:
    """Let only people in who are signed in; others sign in first, and what they typed waits."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.method == "POST" and not getattr(request, "htmx", False):
            return _sign_in_first(request)
        return redirect_to_login(request.get_full_path())

    setattr(guarded, _KEEPS, True)
    return guarded


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show a form again whose token is missing or old, with what was typed where that is safe.

    It is shown, never carried out. A form of another site is not even shown: browsers send it
    without the session, and what its author wrote would wait for the person as their own draft.
    """
    if getattr(request, "htmx", False) or _is_of_another_site(request):
        return errors.csrf_failed(request, reason)
    try:
        match = resolve(request.path_info)
        keeps = getattr(match.func, _KEEPS, False) and bool(request.POST)
    except (Resolver404, RequestDataTooBig):
        keeps = False
    if not keeps:
        return errors.csrf_failed(request, reason)
    request.csrf_is_old = True  # type: ignore[attr-defined]
    shown: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return shown


def _is_of_another_site(request: HttpRequest) -> bool:
    """Tell whether the browser says that another site made it send the form."""
    origin = request.headers.get("Origin", "")
    own = {request.get_host(), urlsplit(settings.PUBLIC_URL).netloc}
    return bool(origin) and origin.rpartition("/")[2] not in own


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    place = place_here(request)
    form = request.POST.copy()
    form["place"] = place
    context = {
        "form": SignInForm(request),
        "next": place,
        "kept": without_secrets(form.urlencode()),
        "demo_people": demo_people(),
        "providers": providers(),
        "typed_first": True,
    }
    return render(request, "session/sign_in.html", context, status=403)
