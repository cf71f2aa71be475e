"""How people sign in: settings of django-allauth, and the identity providers of the company."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from portal import env

WHO_NEEDS_A_SECOND_FACTOR = ("nobody", "deciders", "everybody")

APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
]


def required_factor(name: str) -> str:
    """Return who needs a second factor. Raises ImproperlyConfigured for anything unknown."""
    value = env.text(name, "nobody").lower()
    if value not in WHO_NEEDS_A_SECOND_FACTOR:
        known = ", ".join(WHO_NEEDS_A_SECOND_FACTOR)
        raise ImproperlyConfigured(f"{name} is '{value}': write one of {known}.")
    return value


def providers(name: str) -> list[dict[str, Any]]:
    """Return what the JSON file that `name` points to says of identity providers.

    A client secret stands in the file, or `client_secret_env` names the variable that holds it.
    Raises ImproperlyConfigured for a file that cannot be read; what it says is judged by the
    numbered checks (egress/checks.py).
    """
    path = env.text(name, "")
    if not path:
        return []
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}: cannot read '{path}': {error}") from error
    listed = given.get("providers") if isinstance(given, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ImproperlyConfigured(
            f"{name}: '{path}' has no list \"providers\" of objects (docs/sign-in.md)."
        )
    return [_with_secret(one) for one in listed]


def _with_secret(provider: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in provider.items() if key != "client_secret_env"}
    if "client_secret_env" in provider:
        rest["client_secret"] = env.text(str(provider["client_secret_env"]))
    return rest


def of_allauth() -> dict[str, Any]:
    """Return the settings of django-allauth that do not depend on the environment."""
    return {
        "ACCOUNT_ADAPTER": "egress.web.sign_in.adapters.Accounts",
        "SOCIALACCOUNT_ADAPTER": "egress.web.sign_in.adapters.Providers",
        "MFA_ADAPTER": "egress.web.sign_in.adapters.Factors",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_UNIQUE_EMAIL": False,
        # Its limits live in each process's memory; ours are counted in the database.
        "ACCOUNT_RATE_LIMITS": False,
        "MFA_RATE_LIMITS": False,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "ACCOUNT_FORMS": {"reauthenticate": "egress.web.forms.sign_in.PasswordAgainForm"},
        "MFA_FORMS": {
            "authenticate": "egress.web.forms.sign_in.CodeForm",
            "reauthenticate": "egress.web.forms.sign_in.CodeAgainForm",
            "activate_totp": "egress.web.forms.sign_in.FirstCodeForm",
            "add_webauthn": "egress.web.forms.sign_in.NewKeyForm",
        },
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_TOTP_ISSUER": "Egress Portal",
        "MFA_TOTP_TOLERANCE": 1,
        "MFA_RECOVERY_CODE_DIGITS": 10,
        # Tokens are kept sealed by the portal, and people come by their subject alone.
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_EMAIL_AUTHENTICATION": False,
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_ONLY": False,
        "SOCIALACCOUNT_REQUESTS_TIMEOUT": 2,
        "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX": "",
    }
