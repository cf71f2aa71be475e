"""A key to seal with, and a server that listens."""

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from tests.services.listening import hook

__all__ = ["hook"]


@pytest.fixture(autouse=True)
def _keys(db: None, settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    settings.PUBLIC_URL = "https://egress.example.com/"
