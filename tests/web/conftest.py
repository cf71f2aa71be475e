"""Static files as they lie in the tree, plain HTTP, passwords that cost no time, a queue."""

from pathlib import Path
from typing import Any

import pytest

from egress.models import Namespace, Person, Request
from egress.services import requests as service
from tests import factories


@pytest.fixture(autouse=True)
def _served_plainly(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def asked(shop: Namespace, owner: Person, alice: Person) -> list[Request]:
    """Three pending requests of the owner."""
    drafts = [factories.draft(shop, f"api{n}.github.com", reason=f"Reason {n}") for n in range(3)]
    return [service.submit(draft=draft, actor=factories.actor(owner)) for draft in drafts]
