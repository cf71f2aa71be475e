"""What django-allauth asks of the portal: who may come in, how, and what becomes of it."""

import time
from typing import Any, NoReturn, cast

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.contrib import messages
from django.contrib.auth import login as begin_session
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from egress.models import Person, ProviderAccount
from egress.services import people, sign_in
from egress.services.actor import Actor
from egress.services.credentials import seal, unseal
from egress.services.errors import NotAllowed
from egress.services.sign_in import guesses
from egress.services.sign_in.addresses import address_of
from egress.services.sign_in.calls import ProviderSession
from egress.services.sign_in.providers import Provider, provider_called, providers
from egress.web.sign_in.devices import remember_device
from egress.web.unsent import keep_after_signing_in

logger = structlog.get_logger(__name__)

KEPT = "kept_until_signed_in"
UPKEEP_AT = "sign_in_upkeep_at"
HAS_PROVIDER = "sign_in_has_provider"


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts of the portal: made by admins or providers, never by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def get_login_stages(self) -> list[str]:
        """Return what comes between password and session: the second factor of who has one."""
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of the client."""
        return address_of(request.META)

    def pre_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse | None:
        """Refuse a switched-off account, which may be found out by its own password only."""
        if user.is_active:
            return None
        messages.error(request, "This account is switched off. Ask an admin of the portal.")
        return redirect("sign-in")

    def login(self, request: HttpRequest, user: Person) -> None:
        """Begin the session, once that is on record, under a key of its own."""
        actor = Actor.of(user, "web", getattr(request, "request_id", ""))
        account = ProviderAccount.objects.filter(person=user).first()
        people.note_sign_in(actor=actor)
        kept = request.session.pop(KEPT, "")
        begin_session(request, user, backend="egress.backend.PeopleBackend")
        request.session[UPKEEP_AT] = int(time.time())
        request.session[HAS_PROVIDER] = account is not None
        sign_in.note_session(
            person=user,
            session_key=request.session.session_key or "",
            address=address_of(request.META),
            device=request.META.get("HTTP_USER_AGENT", ""),
            way=account.provider if account else "password",
        )
        if kept:
            keep_after_signing_in(actor, kept)

    def post_login(
        self, request: HttpRequest, user: Person, *, redirect_url: str | None, **kwargs: Any
    ) -> HttpResponse:
        """Lead on to the page they wanted, on a device that is known from now on."""
        response = redirect(redirect_url or "home")
        remember_device(request, response, user.username)
        return response

    def reauthenticate(self, user: Person, password: str) -> bool:
        """Tell whether this is the password of somebody who is signed in; tries are counted."""
        if not guesses.take(guesses.BY_CODE, f"password {user.pk}"):
            raise ValidationError(TOO_MANY)
        is_right = user.check_password(password)
        if is_right:
            guesses.give_back(guesses.BY_CODE, f"password {user.pk}")
        return is_right

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: people are told by the portal's own notifications."""


class Providers(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Identity providers: those of the settings, whose people the portal lets in itself."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Return the providers of the settings; rows of the database are none."""
        wanted = (one for one in providers() if provider in (None, "openid_connect", one.id))
        return [_app(one) for one in wanted if client_id in (None, one.client_id)]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Nobody gets past `pre_social_login`."""
        return False

    def get_requests_session(self) -> ProviderSession:
        """Return what calls a provider within seconds."""
        return ProviderSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Let in, or refuse, whom a provider vouches for. Raises ImmediateHttpResponse, always."""
        said = sociallogin.account.extra_data
        provider = provider_called(sociallogin.account.provider)
        tokens = {
            "access_token": sociallogin.token.token,
            "refresh_token": sociallogin.token.token_secret,
        }
        vouched = sign_in.Vouched(said.get("id_token") or {}, said.get("userinfo") or {}, tokens)
        try:
            person = sign_in.admit(provider=cast("Provider", provider), vouched=vouched)
        except NotAllowed as error:
            raise ImmediateHttpResponse(_refused(request, error.message)) from error
        raise ImmediateHttpResponse(
            perform_login(request, person, redirect_url=sociallogin.get_redirect_url(request))
        )

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, **kwargs: Any
    ) -> NoReturn:
        """Lead back to the sign-in page, saying that it did not work."""
        why = kwargs.get("exception") or kwargs.get("error")
        logger.warning("provider_sign_in_failed", provider=str(provider), why=str(why)[:300])
        message = f"Signing in by {provider.name} did not work. Try again in a moment."
        raise ImmediateHttpResponse(_refused(request, message))


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors. Their secrets are sealed like every other credential."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is kept."""
        return seal(text).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return unseal(encrypted_text.encode("ascii"))


TOO_MANY = "That was tried too often. Wait five minutes, then try again."


def _app(provider: Provider) -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=provider.id,
        name=provider.name,
        client_id=provider.client_id,
        secret=provider.client_secret,
        settings={
            "server_url": provider.issuer,
            "scope": list(provider.scopes),
            "oauth_pkce_enabled": True,
            "token_auth_method": "client_secret_basic",
        },
    )


def _refused(request: HttpRequest, message: str) -> HttpResponse:
    messages.error(request, message)
    return redirect("sign-in")
