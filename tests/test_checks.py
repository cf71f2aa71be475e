"""Unsafe set-ups are refused at start, each with a number and a remedy."""

from typing import Any

import pytest
from celery.signals import worker_init
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

import portal.celery  # noqa: F401 (connects what a worker does when it starts)
from portal.guard import refuse_unsafe_setup

CORP = {
    "id": "corp",
    "name": "Corporate account",
    "issuer": "https://login.example.com",
    "client_id": "egress-portal",
    "client_secret": "secret",
    "teams": {"shop-developers": "team-shop"},
}
POSTGRES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "egress"}}


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Settings of a sound production set-up."""
    settings.DEMO = settings.DEBUG = False
    settings.SECRET_KEY = "a-key-of-our-own-that-is-long-enough-for-everybody-here"
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    settings.ALLOWED_HOSTS = ["egress.example.com"]
    settings.BEHIND_TLS = True
    settings.CELERY_BROKER_URL = "rediss://redis.example.com/0"
    wanted: Any = POSTGRES
    # Checks read the setting; the connections themselves stay as they are.
    settings.DATABASES = wanted
    return settings


def found() -> set[str]:
    return {
        str(message.id) for message in run_checks(tags=["setup"], include_deployment_checks=True)
    }


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
class TestSetup:
    def test_a_sound_production_setup_starts(self, production: Settings) -> None:
        assert found() == set()
        refuse_unsafe_setup()

    @pytest.mark.parametrize(
        ("name", "value", "number"),
        [
            ("CREDENTIAL_KEYS", ["not-a-key"], "egress.E002"),
            ("CREDENTIAL_KEYS", [], "egress.E005"),
            ("DEBUG", True, "egress.E003"),
            ("ALLOWED_HOSTS", ["*"], "egress.E004"),
            ("BEHIND_TLS", False, "egress.E006"),
            ("LEASE_SECONDS", 19, "egress.E009"),
            ("INSTALLATION", "no label!", "egress.E010"),
            ("OIDC_PROVIDERS", [{"id": "corp"}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"issuer": "http://login.example.com"}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"teams": {}}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"teams": {"*": "everybody"}}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"roles": {"boss": "approver"}}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"scopes": ["email"]}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"surprise": "yes"}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP | {"verified_emails": "yes"}], "egress.E020"),
            ("OIDC_PROVIDERS", [CORP, CORP], "egress.E021"),
            ("TRUSTED_PROXIES", ["0.0.0.0/0"], "egress.E022"),
            ("TRUSTED_PROXIES", ["proxy.example.com"], "egress.E022"),
            (
                "DATABASES",
                {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}},
                "egress.E007",
            ),
        ],
    )
    def test_an_unsafe_setup_is_refused(
        self, production: Settings, name: str, value: object, number: str
    ) -> None:
        setattr(production, name, value)
        assert found() == {number}
        with pytest.raises(ImproperlyConfigured, match=number):
            refuse_unsafe_setup()

    def test_the_published_key_is_refused_even_in_the_demo(self, production: Settings) -> None:
        production.DEMO = True
        production.SECRET_KEY = production.DEFAULT_SECRET_KEY
        assert found() == {"egress.E001"}

    def test_redis_in_the_clear_over_a_network_is_warned_about(self, production: Settings) -> None:
        production.CELERY_BROKER_URL = "redis://redis.example.com/0"
        assert found() == {"egress.W008"}
        refuse_unsafe_setup()

    def test_a_worker_does_not_start_on_an_unsafe_setup(self, production: Settings) -> None:
        production.DEBUG = True
        with pytest.raises(SystemExit, match=r"egress\.E003"):
            worker_init.send(sender=None)
