"""The main job by `kubectl egress` alone: ask, approve, active, revoke, gone."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.test_page import kubectl_with_plugin
from tests.e2e.portal import Portal, running_portal

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
HOST = "developers.google.com"
CONTEXT = """
current-context: dev
contexts: [{name: dev, context: {cluster: dev, user: me, namespace: shop}}]
"""


class Desk:
    """Somebody with kubectl, the plugin, and a home folder of their own."""

    def __init__(self, portal: Portal, folder: Path, token: str) -> None:
        folder.mkdir()
        (folder / "kubeconfig").write_text(CONTEXT)
        self.env = {
            **{name: value for name, value in os.environ.items() if "EGRESS" not in name},
            "PATH": kubectl_with_plugin(folder / "bin"),
            "HOME": str(folder),
            "KUBECONFIG": str(folder / "kubeconfig"),
        }
        self.env.pop("XDG_CONFIG_HOME", None)
        self("login", "--portal", portal.address, text=token)

    def __call__(self, *words: str, text: str = "", code: int = 0) -> str:
        """Enter `kubectl egress WORDS` and return what it printed; expect an exit code."""
        done = subprocess.run(
            ["kubectl", "egress", *words],
            env=self.env,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout


def token(portal: Portal, person: str, *scopes: str) -> str:
    """Make a token by the API and return it."""
    body = {"name": "Command line", "scopes": scopes, "days": 1}
    return str(portal.api(person, "POST", "tokens/", body, 201)["secret"])


def token_of_robot(portal: Portal, person: str, name: str, team: str) -> str:
    """Make a robot of a team with a token to read and ask, and return the token."""
    robot = portal.api(person, "POST", "robots/", {"username": name, "teams": [team]}, 201)
    body = {"name": "Pipeline", "scopes": ["read", "request"], "days": 1}
    return str(portal.api(person, "POST", f"robots/{robot['id']}/tokens/", body, 201)["secret"])


def test_the_job_is_done_by_the_command_line_alone(tmp_path: Path) -> None:
    (tmp_path / "portal").mkdir()
    with running_portal(tmp_path / "portal") as portal:
        dana = Desk(portal, tmp_path / "dana", token(portal, "dana", "read", "request"))
        alice = Desk(portal, tmp_path / "alice", token(portal, "alice", "read", "decide"))
        robot = token_of_robot(portal, "dana", "ci-shop", "team-shop")
        pipeline = Desk(portal, tmp_path / "ci", robot)
        sandbox = ("--cluster", "sandbox")

        dana("check", HOST, code=7)  # the portal has no cluster "dev"
        dana("check", HOST, *sandbox, code=3)
        ask = ("request", f"https://{HOST}/docs", "--reason", "The shop shows it.", *sandbox)
        request = pipeline(*ask, "-o", "name").strip()
        assert "kind: ServiceEntry" in dana("render", request)
        pipeline("approve", request, "-y", code=5)
        dana("approve", request, "-y", code=5)
        assert portal.hosts() == set()

        alice("approve", request, "-y")
        dana("wait", request, "--timeout", "30s")
        assert portal.hosts() == {("shop", HOST)}
        grant = dana("check", HOST, *sandbox, "-o", "name").strip()

        dana("revoke", grant, "--reason", "The page was taken down.", "-y")
        dana("check", HOST, *sandbox, code=3)
        dana("wait", grant, "--for", "gone", "--timeout", "30s")
        assert portal.hosts() == set()
