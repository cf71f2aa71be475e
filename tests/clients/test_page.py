"""docs/cli.md: the reference is what the commands say, and the example is a pipeline that works."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer

from egress.models import Namespace, Person
from kubectl_egress.errors import Exit
from tests import factories as make
from tests.clients.conftest import signed_in
from tests.clients.hands import InProcess
from tests.clients.reference import MARK, PAGE, reference

SOURCE = PAGE.parent.parent / "clients" / "kubectl-egress" / "src"


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The portal over plain HTTP: its middleware reads these settings when the server starts."""
    with override_settings(
        STATIC_ROOT=tmp_path_factory.mktemp("static"), SECURE_SSL_REDIRECT=False
    ):
        server = LiveServer("localhost")
        yield server
        server.stop()


def test_the_reference_is_what_the_commands_say() -> None:
    _, _, written = PAGE.read_text().partition(MARK)
    assert written.strip() == reference().strip(), "see tests/clients/reference.py"


def test_every_exit_code_is_documented() -> None:
    listed = re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    assert [int(code) for code in listed] == sorted(Exit)


def kubectl_with_plugin(folder: Path) -> str:
    """Return a PATH on which kubectl finds the plugin; skips without kubectl, fails in CI."""
    if shutil.which("kubectl") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No kubectl on PATH, and this is CI.")
        pytest.skip("No kubectl on PATH.")
    folder.mkdir()
    plugin = folder / "kubectl-egress"
    command = f'PYTHONPATH="{SOURCE}" exec "{sys.executable}" -m kubectl_egress "$@"'
    plugin.write_text(f"#!/bin/sh\n{command}\n")
    plugin.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def step() -> str:
    """Return the shell part of the example."""
    (example,) = re.findall(r"^```yaml\n(jobs:.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (script,) = [
        one["run"] for one in yaml.safe_load(example)["jobs"]["egress"]["steps"] if "name" in one
    ]
    return str(script)


@pytest.mark.django_db(transaction=True)
def test_the_pipeline_of_the_page_fails_with_a_link_until_the_host_is_granted(
    live_server: LiveServer, shop: Namespace, owner: Person, wire: InProcess, home: Path
) -> None:
    env = signed_in(wire, owner, "read").env | {
        "PATH": kubectl_with_plugin(home / "bin"),
        "HOME": str(home),
        "EGRESS_PORTAL_URL": live_server.url,
        "CLUSTER": "main",
        "NAMESPACE": "shop",
    }
    (home / "egress-hosts.txt").write_text("api.example.com\n")

    def run(**changes: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-e", "-c", step()],
            cwd=home,
            env=env | changes,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    code, said = run()
    link = f"{live_server.url}/requests/new?cluster=main&namespace=shop&host=api.example.com"
    assert code == 1
    assert f"::error::The host is not granted. Ask for access: {link}" in said
    make.grant(shop, owner, "api.example.com")
    assert run()[0] == 0
    code, said = run(EGRESS_PORTAL_TOKEN="egp_unknown")
    assert code == 1
    assert "::error::The portal was not asked (exit code 5)." in said
