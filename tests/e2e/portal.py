"""The real processes of a portal, started for a test and thrown away afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from portal import run
from tests import prepared
from tests.servers import free_port, wait_until

PEOPLE = ("dana", "pavel", "alice", "bob", "adam", "olga")
MINT = """
from egress.models import Person
from egress.services import tokens
from egress.services.actor import Actor
import json
made = {}
for name in %r:
    person = Person.objects.get(username=name)
    scopes = ["read", "request", "decide", "admin"]
    token, secret = tokens.create(
        owner=person, name="test", scopes=scopes, days=1, actor=Actor.of(person, "command"))
    made[name] = secret
print("TOKENS" + json.dumps(made))
"""


class Portal:
    """A portal on its own folder, ports and stores, with each process under control."""

    def __init__(self, folder: Path, extra: Mapping[str, str]) -> None:
        self.folder = folder
        self.web_port, self.sandbox_port = free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.web_port}"
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("EGRESS_")
        }
        self.env = {
            **inherited,
            "EGRESS_VAR_DIR": str(folder),
            "EGRESS_DEMO": "yes",
            "EGRESS_PUBLIC_URL": self.address,
            "EGRESS_LOG_LEVEL": "INFO",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            **run.keys(folder),
            **extra,
        }
        self.commands = run.commands(self.web_port, self.sandbox_port, folder)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.tokens: dict[str, str] = {}

    def manage(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a management command."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=run.ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def start(self, name: str) -> None:
        """Start one process."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                self.commands[name],
                cwd=run.ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one process, by default without any warning, and wait for it."""
        child = self.children.pop(name)
        if child.poll() is None:
            os.killpg(child.pid, number)
        child.wait(20)

    def prepare(self) -> None:
        """Bring up sandbox, database, demo company and web."""
        self.start("sandbox")
        prepared.static_files(self.folder / "static")
        if "EGRESS_DATABASE_URL" in self.env:
            self.manage("migrate", "--no-input", "--verbosity", "0")
        else:
            prepared.database(self.folder / "portal.sqlite3")
        wait_until("the sandbox answers", lambda: self.answers(self.sandbox_address + "/healthz"))
        own, operator = (self.folder / f"sandbox-{who}.kubeconfig" for who in ("portal", "admin"))
        self.manage("seed_demo", "--kubeconfig", str(own), "--operator-kubeconfig", str(operator))
        printed = self.manage("shell", "-c", MINT % (PEOPLE,)).stdout
        self.tokens = json.loads(printed.partition("TOKENS")[2])
        self.start("web")
        wait_until("the portal answers", lambda: self.answers(self.address + "/healthz/"))

    @property
    def sandbox_address(self) -> str:
        """Return where the sandbox's API is."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    def stop(self) -> None:
        """End everything that still runs."""
        for name in list(self.children):
            self.end(name)

    def log(self, name: str) -> str:
        """Return what a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    @staticmethod
    def answers(url: str) -> bool:
        """Tell whether an address answers 200."""
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def api(
        self, person: str, method: str, path: str, body: Any = None, expect: int | None = None
    ) -> Any:
        """Call the portal's API as `person` and return the body.

        Raises AssertionError when the status is not `expect` (any success when None).
        """
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        status, answer = call(f"{self.address}/api/v1/{path}", method, body, headers)
        fine = status == expect if expect else 200 <= status < 300
        assert fine, f"{method} {path}: {status} {answer}"
        return answer

    def kube(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        """Call the sandbox's Kubernetes API as its admin."""
        text = (self.folder / "sandbox-admin.kubeconfig").read_text()
        token = yaml.safe_load(text)["users"][0]["user"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        return call(self.sandbox_address + path, method, body, headers)

    def objects(self, plural: str, group: str = "networking.istio.io") -> list[dict[str, Any]]:
        """Return the portal's own objects of a kind, of all namespaces."""
        selector = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Degress-portal"
        status, listed = self.kube(f"/apis/{group}/v1/{plural}?{selector}")
        assert status == 200, listed
        return list(listed["items"])

    def hosts(self) -> set[tuple[str, str]]:
        """Return (namespace, host) of every ServiceEntry the portal wrote."""
        return {
            (entry["metadata"]["namespace"], entry["spec"]["hosts"][0])
            for entry in self.objects("serviceentries")
        }

    def ask(self, host: str, namespace: str = "shop", person: str = "dana") -> int:
        """Submit a request for TLS on port 443 and return its id."""
        body = {
            "cluster": "sandbox",
            "namespace": namespace,
            "reason": "A partner's API",
            "duration_days": 30,
            "destinations": [{"host": host, "port": 443, "protocol": "TLS"}],
        }
        return int(self.api(person, "POST", "requests/", body, 201)["id"])

    def approve(self, request: int, person: str = "alice") -> int:
        """Approve a request and return the id of its first grant."""
        answer = self.api(person, "POST", f"requests/{request}/approve/", {"revision": 1})
        return int(answer["grants"][0])

    def wait_for_grant(self, grant: int, status: str, seconds: float = 30) -> None:
        """Wait until a grant has a status."""
        wait_until(
            f"grant {grant} is {status}",
            lambda: self.api("olga", "GET", f"grants/{grant}/")["status"] == status,
            seconds,
        )


def call(url: str, method: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
    """Send JSON and return status and parsed body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers), method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        with error:
            text, status = error.read(), error.code
    try:
        return status, json.loads(text) if text else None
    except json.JSONDecodeError:
        return status, text.decode(errors="replace")


@contextmanager
def running_portal(
    folder: Path,
    extra: Mapping[str, str] | None = None,
    processes: tuple[str, ...] = ("worker",),
    latency: float = 0.0,
) -> Iterator[Portal]:
    """Yield a portal whose sandbox, web and `processes` run.

    `latency` in seconds is added to every answer of the sandbox.
    """
    portal = Portal(folder, extra or {})
    portal.commands["sandbox"] += ["--latency-ms", str(int(latency * 1000))]
    try:
        portal.prepare()
        for name in processes:
            portal.start(name)
        yield portal
    except BaseException:
        for name in ("web", "worker"):
            if (folder / f"{name}.log").exists():
                print(f"--- {name}.log\n{portal.log(name)[-4000:]}", file=sys.stderr)
        raise
    finally:
        portal.stop()


def now() -> float:
    """Return a clock for measuring."""
    return time.monotonic()
