"""Static files as they lie in the tree, plain HTTP, and passwords that cost no time."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _served_plainly(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
