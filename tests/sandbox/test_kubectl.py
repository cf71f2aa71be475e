"""A real kubectl works against the sandbox: the recorded commands end as they did."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from egress.sandbox.controllers import BACKGROUND
from egress.sandbox.faults import Fault
from egress.sandbox.kubeconfig import kubeconfig, write_private
from egress.sandbox.messages import Request
from egress.sandbox.tls import Authority
from tests.sandbox.calling import (
    ADMIN_TOKEN,
    ENTRIES,
    PORTAL_TOKEN,
    a_store,
    an_api,
    entry,
    in_process,
    served,
)
from tests.sandbox.recording import recorded

pytestmark = pytest.mark.timeout(300)


def kubectl_program() -> str:
    """Return where kubectl is; skips the test when it is absent, and fails in CI."""
    program = shutil.which("kubectl")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No kubectl on PATH, and this is CI.")
        pytest.skip("No kubectl on PATH.")
    return program


@dataclass
class Kubectl:
    """Runs kubectl against a served sandbox and notes the requests that it makes."""

    program: str
    folder: Path
    requests: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def note(self, request: Request) -> Fault | None:
        """Remember a request; never a fault."""
        query = request.query if isinstance(request.query, str) else ""
        target = request.path + (f"?{query}" if query else "")
        self.requests.append(f"{request.method} {target}")
        self.accepted.append(request.header("accept"))
        return None

    def run(self, *arguments: str, user: str = "admin", text: str = "") -> Any:
        """Run a command with an empty discovery cache; returns the finished process."""
        self.requests.clear()
        cache = self.folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        return subprocess.run(
            [self.program, f"--cache-dir={cache}", *arguments],
            env={"KUBECONFIG": str(self.folder / user), "HOME": str(self.folder), "PATH": _PATH},
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )


_PATH = os.environ.get("PATH", "")


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    """A kubectl whose sandbox holds the ServiceEntry `kc`, as when the commands were recorded."""
    program = kubectl_program()
    authority = Authority.create()
    api = an_api(a_store(), BACKGROUND)
    api.settle()
    created = in_process(api)("POST", ENTRIES, kc())
    assert created.status == 201
    with served(api, tls=authority.server_context({"127.0.0.1"})) as server:
        url = f"https://127.0.0.1:{server.port}"
        for user, token in (("admin", ADMIN_TOKEN), ("portal", PORTAL_TOKEN)):
            config = kubeconfig(url, authority.certificate, user, token)
            write_private(tmp_path / user, config)
        (tmp_path / "entry.yaml").write_text(yaml.safe_dump(kc()))
        kubectl = Kubectl(program, tmp_path)
        server.faults = kubectl.note
        yield kubectl


def kc() -> dict[str, Any]:
    return entry("kc", hosts=["kc.example.com"])


def comparable(request: str) -> str:
    """Return a request without what differs from run to run."""
    request = re.sub(r"hash=[0-9A-Za-z%]+", "hash=HASH", request)
    # The order of the terms of a field selector is random.
    request = re.sub(
        r"(?<=fieldSelector=)[^&]+",
        lambda found: "%2C".join(sorted(found[0].split("%2C"))),
        request,
    )
    request = re.sub(r"uid%3D[-0-9a-f]+", "uid%3DUID", request)
    request = re.sub(r"resourceVersion=\d+", "resourceVersion=RV", request)
    return request.replace("timeoutSeconds", "timeout")


def test_every_recorded_command_ends_as_recorded_after_the_same_requests(kubectl: Kubectl) -> None:
    wrong = []
    commands = recorded("kubectl-1.32.json")
    for case in commands:
        words = case["command"].split()[1:]
        words = [str(kubectl.folder / "entry.yaml") if word == "FILE" else word for word in words]
        done = kubectl.run(*words)
        if done.returncode != case["exit"]:
            wrong.append(f"{case['command']}: exit {done.returncode}\n{done.stderr}")
        sent = [comparable(request) for request in kubectl.requests if request != _PROBE]
        expected = [comparable(f"{r['method']} {r['path']}") for r in case["requests"]]
        if case["command"].startswith(_MAY_REPEAT):
            sent, expected = sorted(set(sent)), sorted(set(expected))
        if sorted(sent) != sorted(expected):
            wrong.append(f"{case['command']}: sent {sent}\nnot {expected}")
    assert not wrong, "\n".join(wrong)
    assert len(commands) >= 17


# A dispatching kubectl first asks for the server's version, to choose which kubectl to run.
_PROBE = "GET /version?timeout=5s"
# How often it asks whether the object is gone depends on time.
_MAY_REPEAT = ("kubectl delete",)


def test_get_shows_the_columns_of_the_kind(kubectl: Kubectl) -> None:
    lines = kubectl.run("get", "serviceentries", "-A").stdout.splitlines()
    assert lines[0].split() == ["NAMESPACE", "NAME", "HOSTS", "LOCATION", "RESOLUTION", "AGE"]
    assert lines[1].split()[:5] == ["default", "kc", '["kc.example.com"]', "MESH_EXTERNAL", "DNS"]


def test_apply_twice_says_unchanged(kubectl: Kubectl) -> None:
    file = str(kubectl.folder / "entry.yaml")
    kubectl.run("delete", "se", "kc")
    assert kubectl.run("apply", "-f", file).stdout.endswith("created\n")
    assert kubectl.run("apply", "-f", file).stdout.endswith("unchanged\n")


def test_client_side_apply_of_a_built_in_kind_changes_it(kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {ports: [{port: %d}]}\n"
    assert kubectl.run("apply", "-f", "-", text=text % 5432).returncode == 0
    assert kubectl.run("apply", "-f", "-", text=text % 5433).stdout == "service/db configured\n"
    shown = kubectl.run("get", "svc", "db", "-o", "jsonpath={.spec.ports[*].port}")
    assert shown.stdout == "5433"


def test_create_and_delete_of_a_namespace_go_through(kubectl: Kubectl) -> None:
    assert kubectl.run("create", "namespace", "lab").returncode == 0
    assert kubectl.run("create", "serviceaccount", "-n", "lab", "robot").returncode == 0
    assert (
        kubectl.run("create", "configmap", "-n", "lab", "c", "--from-literal=a=b").returncode == 0
    )
    names = kubectl.run("get", "sa", "-n", "lab", "-o", "name").stdout.split()
    assert names == ["serviceaccount/default", "serviceaccount/robot"]
    assert kubectl.run("delete", "namespace", "lab").returncode == 0
    assert kubectl.run("get", "namespace", "lab").returncode == 1


def test_the_portal_may_write_entries_but_no_pods(kubectl: Kubectl) -> None:
    assert kubectl.run("auth", "can-i", "patch", "serviceentries", user="portal").stdout == "yes\n"
    assert kubectl.run("auth", "can-i", "delete", "pods", user="portal").stdout == "no\n"
    assert kubectl.run("auth", "can-i", "deletecollection", "se", user="portal").stdout == "no\n"
    assert "Forbidden" in kubectl.run("delete", "pod", "web", user="portal").stderr


def test_a_refused_entry_shows_the_servers_sentence(kubectl: Kubectl) -> None:
    bad = yaml.safe_dump(entry("bad", resolution="SOMETIMES"))
    done = kubectl.run("apply", "--server-side", "-f", "-", text=bad)
    assert done.returncode == 1
    assert 'Unsupported value: "SOMETIMES"' in done.stderr
