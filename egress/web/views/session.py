"""Signing in and out."""

from dataclasses import dataclass
from typing import Any

import structlog
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from egress.models import Person
from egress.services import people
from egress.services.sign_in.providers import provider_called, providers
from egress.web.forms.sign_in import SignInForm
from egress.web.records.who import actor_of
from egress.web.sign_in.adapters import KEPT

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DemoPerson:
    """Somebody of the demo company. Their password is `demo-` and their name."""

    username: str
    words: str

    @property
    def password(self) -> str:
        """Return the password that the demo gave them."""
        return f"demo-{self.username}"


DEMO_PEOPLE = (
    DemoPerson("dana", "Developer in team-shop and team-data: asks for access"),
    DemoPerson("pavel", "Developer in team-payments"),
    DemoPerson("alice", "Approver of every namespace"),
    DemoPerson("bob", "Approver of namespace payments only"),
    DemoPerson("adam", "Admin"),
    DemoPerson("olga", "Auditor: reads everything, changes nothing"),
)


class SignIn(LoginView):
    """The sign-in page; in the demo it lists the people one can be."""

    template_name = "session/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add providers, demo sign-ins, nobody outside the demo, and what waits to be sent."""
        kept = self.request.POST.get("kept", "")
        extra = {
            "demo_people": demo_people(),
            "providers": providers(),
            "kept": kept,
            "typed_first": bool(kept),
        }
        return {**super().get_context_data(**kwargs), **extra}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let somebody in, after their second factor if they have one."""
        person = form.get_user()
        if kept := self.request.POST.get("kept", ""):
            self.request.session[KEPT] = kept
        record_authentication(self.request, person, "password", reauthenticated=True)
        answer: HttpResponse = perform_login(
            self.request, person, redirect_url=self.get_success_url()
        )
        return answer

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again, as unprocessable, or as tried too often."""
        people.note_failed_sign_in(username=form.data.get("username", ""))
        response = super().form_invalid(form)
        response.status_code = 429 if getattr(form, "is_limited", False) else 422
        return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and everything kept in it."""
    if request.user.is_authenticated:
        people.note_sign_out(actor=actor_of(request))
    logout(request)
    return redirect("sign-in")


@require_safe
@never_cache
def go_to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody to their identity provider.

    Only from pages of the portal: another site could make people sign in unawares.
    """
    provider = provider_called(provider_id)
    if provider is None:
        raise Http404
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return redirect("sign-in")
    # Nothing else of the address reaches the provider.
    asked = QueryDict(mutable=True)
    if "next" in request.GET:
        asked["next"] = request.GET["next"]
    request.GET = asked  # type: ignore[assignment]  # read from here on, never changed
    return _by_provider(request, provider_id, openid_connect.login)


@require_safe
@never_cache
def back_from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take somebody back from their identity provider."""
    if provider_called(provider_id) is None:
        raise Http404
    return _by_provider(request, provider_id, openid_connect.callback)


def _by_provider(request: HttpRequest, provider_id: str, view: Any) -> HttpResponse:
    try:
        answer: HttpResponse = view(request, provider_id)
    except (RequestException, LookupError, TypeError, AttributeError, ValueError) as error:
        # The provider does not answer, or not as OpenID Connect says.
        logger.warning("provider_sign_in_failed", provider=provider_id, why=repr(error)[:300])
        messages.error(request, "Your identity provider does not answer. Try again in a moment.")
        return redirect("sign-in")
    return answer


def demo_people() -> list[DemoPerson]:
    """Return the people of the demo that exist and are active; nobody outside the demo."""
    if not settings.DEMO:
        return []
    names = [person.username for person in DEMO_PEOPLE]
    present = set(
        Person.objects.filter(username__in=names, is_active=True).values_list("username", flat=True)
    )
    return [person for person in DEMO_PEOPLE if person.username in present]
