"""Which address leads to which page of signing in: ours, and those of django-allauth we want."""

from collections.abc import Callable

from allauth.account import views as accounts
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.db import transaction
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import never_cache

from egress.web.sign_in.recent import signed_in_lately
from egress.web.views import session, sessions

View = Callable[..., HttpResponse]


def _changes(view: View) -> View:
    """Make a change of factors and its audit event happen together, for who came lately."""
    return never_cache(signed_in_lately(transaction.atomic(view)))


urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", session.SignIn.as_view(), name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
    # Again, under the names by which django-allauth looks for them.
    path("sign-in", session.SignIn.as_view(), name="account_login"),
    path("sign-out", session.sign_out, name="account_logout"),
    path("sign-in/code", factors.authenticate, name="mfa_authenticate"),
    path("sign-in/with/<slug:provider_id>", session.go_to_provider, name="openid_connect_login"),
    path(
        "sign-in/with/<slug:provider_id>/back",
        session.back_from_provider,
        name="openid_connect_callback",
    ),
    path("account/sessions", sessions.session_list, name="sessions"),
    path("account/sessions/end", sessions.end_others, name="sessions-end"),
    path("account/sessions/<int:pk>/end", sessions.end_one, name="session-end"),
    path("account/confirm", never_cache(accounts.reauthenticate), name="account_reauthenticate"),
    path("account/confirm/code", never_cache(factors.reauthenticate), name="mfa_reauthenticate"),
    path(
        "account/confirm/key",
        never_cache(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/factors", never_cache(factors.index), name="mfa_index"),
    path("account/factors/app", _changes(totp.activate_totp), name="mfa_activate_totp"),
    path("account/factors/app/remove", _changes(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/factors/keys", never_cache(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("account/factors/keys/new", _changes(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path(
        "account/factors/keys/<int:pk>/remove",
        _changes(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/factors/codes",
        never_cache(recovery_codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/factors/codes/new",
        _changes(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/factors/codes/download",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
]
