"""Signing in and out."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from egress.models import Person
from egress.services import people
from egress.services.actor import Actor
from egress.web.records.who import actor_of
from egress.web.unsent import keep_after_signing_in


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


class SignInForm(AuthenticationForm):
    """User name and password, with the classes of the style sheet."""

    error_messages = {
        "invalid_login": "User name and password do not belong together. Both are case-sensitive.",
        "inactive": "This account is switched off. Ask an admin of the portal.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"
            field.widget.attrs.pop("autofocus", None)


class SignIn(LoginView):
    """The sign-in page; in the demo it lists the people one can be."""

    template_name = "session/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demo sign-ins, nobody outside the demo, and what waits to be sent."""
        kept = self.request.POST.get("kept", "")
        extra = {"demo_people": demo_people(), "kept": kept, "typed_first": bool(kept)}
        return {**super().get_context_data(**kwargs), **extra}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let somebody in, once that is on record, and keep what they typed before."""
        actor = Actor.of(form.get_user(), "web", getattr(self.request, "request_id", ""))
        people.note_sign_in(actor=actor)
        kept = self.request.POST.get("kept", "")
        if kept:
            keep_after_signing_in(actor, kept)
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again, as unprocessable."""
        people.note_failed_sign_in(username=form.data.get("username", ""))
        response = super().form_invalid(form)
        response.status_code = 422
        return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and everything kept in it."""
    if request.user.is_authenticated:
        people.note_sign_out(actor=actor_of(request))
    logout(request)
    return redirect("sign-in")


def demo_people() -> list[DemoPerson]:
    """Return the people of the demo that exist and are active; nobody outside the demo."""
    if not settings.DEMO:
        return []
    names = [person.username for person in DEMO_PEOPLE]
    present = set(
        Person.objects.filter(username__in=names, is_active=True).values_list("username", flat=True)
    )
    return [person for person in DEMO_PEOPLE if person.username in present]
