"""The portal over plain HTTP, with keys, and quiet: refusals are what the matrix is about."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _served_plainly(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
