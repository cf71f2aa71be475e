"""People at a command line whose kubeconfig names the shop of the cluster `main`."""

from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from egress.models import Person
from egress.services import tokens
from kubectl_egress import portal as client
from kubectl_egress import waiting
from tests import factories
from tests.clients.hands import URL, Hands, InProcess

ALL_SCOPES = ("read", "request", "decide", "admin")


@pytest.fixture(autouse=True)
def _served_plainly(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with a kubeconfig, and nothing of this machine's own."""
    for name in ("URL", "TOKEN", "TOKEN_FILE", "CA_FILE"):
        monkeypatch.delenv(f"EGRESS_PORTAL_{name}", raising=False)
    for name in ("XDG_CONFIG_HOME", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    context = {"cluster": "main", "user": "me", "namespace": "shop"}
    config = {"current-context": "main", "contexts": [{"name": "main", "context": context}]}
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(yaml.safe_dump(config))
    return tmp_path


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """What stands in the place of the network."""
    adapter = InProcess()

    def session() -> requests.Session:
        made = requests.Session()
        made.mount("https://", adapter)
        made.mount("http://", adapter)
        return made

    monkeypatch.setattr(client, "new_session", session)
    monkeypatch.setattr(client, "pause", lambda seconds: None)
    return adapter


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock for waiting that only moves when somebody waits; the list of the pauses.

    The portal holds no answer.
    """
    pauses: list[float] = []
    monkeypatch.setattr("egress.api.waiting._places", None)
    monkeypatch.setattr(waiting, "clock", lambda: sum(pauses))
    monkeypatch.setattr(waiting, "pause", pauses.append)
    return pauses


def signed_in(wire: InProcess, who: Person, *scopes: str) -> Hands:
    """Return somebody whose token stands in the environment."""
    _, secret = tokens.create(
        owner=who,
        name="Command line",
        scopes=scopes or ALL_SCOPES,
        days=1,
        actor=factories.actor(who),
    )
    return Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": secret})


@pytest.fixture
def at_owner(wire: InProcess, owner: Person) -> Hands:
    """The owner of the shop at a command line."""
    return signed_in(wire, owner)


@pytest.fixture
def at_alice(wire: InProcess, alice: Person) -> Hands:
    """An approver at a command line."""
    return signed_in(wire, alice)
