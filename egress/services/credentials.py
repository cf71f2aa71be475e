"""Seal and unseal the credentials of clusters with keys from the environment."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CredentialsUnreadableError(Exception):
    """Sealed text cannot be read with the keys at hand. The message never quotes it."""


def seal(text: str) -> bytes:
    """Return `text` encrypted with the first key of EGRESS_CREDENTIAL_KEYS.

    Raises CredentialsUnreadableError without a usable key.
    """
    return _keys().encrypt(text.encode("utf-8"))


def unseal(sealed: bytes) -> str:
    """Return the text that `seal` was given, under whichever key it was sealed.

    Raises CredentialsUnreadableError when no key fits, or the bytes were changed.
    """
    try:
        return _keys().decrypt(sealed).decode("utf-8")
    except InvalidToken:
        raise CredentialsUnreadableError(
            "The stored credentials cannot be read with the keys in EGRESS_CREDENTIAL_KEYS. "
            "Put back the key they were sealed with, or connect the cluster again."
        ) from None


def _keys() -> MultiFernet:
    keys = list(settings.CREDENTIAL_KEYS)
    if not keys:
        raise CredentialsUnreadableError(
            "No key for cluster credentials: set EGRESS_CREDENTIAL_KEYS "
            "(or EGRESS_CREDENTIAL_KEYS_FILE) in the environment."
        )
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise CredentialsUnreadableError(
            "EGRESS_CREDENTIAL_KEYS holds a key that is not 32 bytes in URL-safe base64. "
            "Make one with Fernet.generate_key()."
        ) from None
