"""Credentials are sealed with keys that can be changed."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from egress.services.credentials import CredentialsUnreadableError, seal, unseal

SECRET = "token: very-secret"


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_can_be_unsealed_and_shows_nothing(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [key()]
    sealed = seal(SECRET)
    assert b"secret" not in sealed
    assert sealed != seal(SECRET)
    assert unseal(sealed) == SECRET


def test_a_new_key_in_front_still_reads_what_the_old_one_sealed(settings: Settings) -> None:
    old, new = key(), key()
    settings.CREDENTIAL_KEYS = [old]
    sealed = seal(SECRET)
    settings.CREDENTIAL_KEYS = [new, old]
    assert unseal(sealed) == SECRET
    settings.CREDENTIAL_KEYS = [new]
    with pytest.raises(CredentialsUnreadableError) as error:
        unseal(sealed)
    assert SECRET not in str(error.value)


def test_changed_bytes_are_not_believed(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [key()]
    sealed = bytearray(seal(SECRET))
    sealed[20] ^= 1
    with pytest.raises(CredentialsUnreadableError):
        unseal(bytes(sealed))


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44]])
def test_without_a_good_key_nothing_is_sealed(settings: Settings, keys: list[str]) -> None:
    settings.CREDENTIAL_KEYS = keys
    with pytest.raises(CredentialsUnreadableError, match="EGRESS_CREDENTIAL_KEYS"):
        seal(SECRET)
