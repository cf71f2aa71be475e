"""A provider that runs, a portal that trusts it, and people who come by it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from egress.models import Person
from egress.services.sign_in.calls import forget_configurations
from tests.oidc.provider import Provider

SignsIn = Callable[..., tuple[Client, Any]]


@pytest.fixture(autouse=True)
def _served_plainly(settings: Any, tmp_path: Path) -> None:
    # Codes that were used are remembered there as well, by numbers of people that come again.
    cache.clear()
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def provider(settings: Any, _served_plainly: None) -> Iterator[Provider]:
    """The provider, named in the settings of the portal."""
    running = Provider()
    settings.OIDC_PROVIDERS = [running.settings()]
    forget_configurations()
    yield running
    running.stop()


@pytest.fixture
def signs_in(provider: Provider, db: None) -> SignsIn:
    """Walks somebody through the sign-in, as a browser does; returns it and the last answer."""

    def walk(subject: str, client: Client | None = None) -> tuple[Client, Any]:
        browser = client or Client()
        away = browser.get(reverse("openid_connect_login", args=["corp"]))
        assert away.status_code == 302, away.content
        provider.signs_in = subject
        back = requests.get(away["Location"], allow_redirects=False, timeout=5)
        return browser, browser.get(back.headers["Location"])

    return walk


def called(username: str) -> Person:
    """Return the person of this name."""
    return Person.objects.get(username=username)
