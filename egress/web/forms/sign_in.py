"""Forms of signing in and of second factors."""

import hashlib
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from egress.models import ProviderAccount
from egress.services.sign_in import guesses
from egress.services.sign_in.addresses import address_of
from egress.services.sign_in.guesses import Attempt
from egress.web.sign_in.adapters import TOO_MANY
from egress.web.sign_in.devices import known_device

WRONG_CODE = "That is not the code of now. Look at the app and type it again."


class SignInForm(AuthenticationForm):
    """User name and password, with the classes of the style sheet. Tries are counted."""

    error_messages = {
        "invalid_login": "User name and password do not belong together. Both are case-sensitive.",
        "inactive": "This account is switched off. Ask an admin of the portal.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_limited = False
        _dress(self)

    def clean(self) -> dict[str, Any]:
        """Check the password, unless there were too many tries. A right one is no try."""
        username = str(self.cleaned_data.get("username") or "")
        if not username or not self.cleaned_data.get("password") or self.request is None:
            return super().clean()
        attempt = _attempt(self.request, username)
        if not attempt.begin():
            self.is_limited = True
            raise ValidationError(TOO_MANY, code="too_many")
        cleaned = super().clean()
        attempt.succeed()
        return cleaned

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse people of a provider: it has to say each time that they may come."""
        super().confirm_login_allowed(user)
        if ProviderAccount.objects.filter(person=user).exists():
            raise self.get_invalid_login_error()


class PasswordAgainForm(forms.Form):
    """The password of somebody who is signed in, before they change how they sign in."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        _dress(self)

    def clean_password(self) -> str:
        """Return the password. Raises ValidationError when it is wrong, or tried too often."""
        password = str(self.cleaned_data["password"])
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError("That is not your password.")
        return password


class NewPasswordForm(PasswordChangeForm):
    """A new password, which needs the old one. Tries of that count like `PasswordAgainForm`'s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self)

    def clean_old_password(self) -> str:
        """Return the old password. Raises ValidationError when wrong, or tried too often."""
        password = str(self.cleaned_data["old_password"])
        if not get_adapter().reauthenticate(self.user, password):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return password


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code. Each works once, and tries are counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self)

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError."""
        return _counted_code(self, super().clean_code)


class CodeAgainForm(ReauthenticateForm):  # type: ignore[misc]
    """A code, before somebody changes how they sign in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self)

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError."""
        return _counted_code(self, super().clean_code)


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app, which shows that it has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress_code(self)

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError."""
        return _counted_code(self, super().clean_code)


class NewKeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A security key or passkey, with a name to tell it from others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Name of the key"
        self.fields["name"].max_length = 60
        self.fields["name"].widget.attrs["maxlength"] = 60
        _dress(self)


def _attempt(request: HttpRequest, username: str) -> Attempt:
    return Attempt(username, address_of(request.META), known_device(request, username))


def _counted_code(form: Any, check: Any) -> str:
    who = str(form.user.pk)
    if not guesses.take(guesses.BY_CODE, who):
        raise ValidationError(TOO_MANY)
    typed = "".join(str(form.cleaned_data["code"]).split())
    try:
        code = str(check())
    except ValidationError as error:
        raise ValidationError(WRONG_CODE) from error
    # Whoever reads over a shoulder comes too late, in whichever process.
    digest = hashlib.sha256(typed.encode("utf-8", "replace")).hexdigest()
    if not guesses.take(guesses.USED_CODE, f"{who}\n{digest}"):
        raise ValidationError(WRONG_CODE)
    guesses.give_back(guesses.BY_CODE, who)
    return code


def _dress_code(form: forms.Form) -> None:
    form.fields["code"].label = "Code"
    form.fields["code"].widget.attrs.pop("placeholder", None)
    form.fields["code"].widget.attrs.update({"inputmode": "numeric", "maxlength": "32"})
    form.fields["code"].error_messages["required"] = '"Code" is empty. Fill it in.'
    _dress(form)


def _dress(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-control"
        field.widget.attrs.pop("autofocus", None)
