"""The program: `python -m egress.sandbox`."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(folder: Path, *extra: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the program on any free port with its state and kubeconfigs in a folder."""
    command = [sys.executable, "-m", "egress.sandbox", "--port", "0"]
    command += ["--state", str(folder / "s.sqlite3"), "--kubeconfig-dir", str(folder), *extra]
    environment = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"https://127\.0\.0\.1:(\d+)", line)
            assert found, line
            yield process, int(found[1])
        finally:
            process.kill()


def config(folder: Path, role: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / f"sandbox-{role}.kubeconfig").read_text())
    return loaded


def fetch(folder: Path, role: str, path: str) -> tuple[int, Any]:
    """Read a path the way a client with that kubeconfig does, over TLS."""
    loaded = config(folder, role)
    cluster = loaded["clusters"][0]["cluster"]
    trusted = b64decode(cluster["certificate-authority-data"]).decode()
    port = int(cluster["server"].rpartition(":")[2])
    context = ssl.create_default_context(cadata=trusted)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    token = loaded["users"][0]["user"]["token"]
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def test_it_serves_the_demo_company_and_ends_on_request(tmp_path: Path) -> None:
    with running(tmp_path) as (process, _):
        status, found = fetch(tmp_path, "portal", "/api/v1/namespaces")
        assert status == 200
        names = {item["metadata"]["name"] for item in found["items"]}
        assert {"shop", "payments", "data", "istio-egress", "kube-system"} <= names
        assert fetch(tmp_path, "portal", "/sandbox/ledger")[0] == 403
        assert fetch(tmp_path, "admin", "/sandbox/ledger")[1]["entries"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_its_kubeconfigs_are_private(tmp_path: Path) -> None:
    with running(tmp_path):
        modes = {f.stat().st_mode & 0o777 for f in tmp_path.glob("*.kubeconfig")}
    assert modes == {0o600}


def test_a_killed_sandbox_comes_back_with_the_same_uids_and_tokens(tmp_path: Path) -> None:
    path = "/api/v1/namespaces/kube-system"
    with running(tmp_path) as (process, _):
        before, tokens = fetch(tmp_path, "admin", path)[1], config(tmp_path, "admin")["users"]
        process.kill()
        process.wait()
    with running(tmp_path, "--seed", "bare"):
        assert fetch(tmp_path, "admin", path)[1] == before
        assert config(tmp_path, "admin")["users"] == tokens


def test_two_sandboxes_have_different_tokens(tmp_path: Path) -> None:
    tokens = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with running(tmp_path / name, "--seed", "bare"):
            tokens += [config(tmp_path / name, r)["users"][0]["user"]["token"] for r in _ROLES]
    assert len(set(tokens)) == 4


_ROLES = ("admin", "portal")


def test_a_taken_port_and_a_taken_state_file_are_said_in_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path, "--seed", "bare") as (_, port):
        for extra in (["--port", str(port)], ["--state", str(tmp_path / "s.sqlite3")]):
            done = subprocess.run(
                [sys.executable, "-m", "egress.sandbox", "--port", "0", *extra],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 1
            assert "Traceback" not in done.stderr
            assert "another" in done.stderr


def test_it_needs_neither_django_nor_the_kubernetes_client() -> None:
    code = (
        "import sys, egress.sandbox.__main__\n"
        "bad = {n.split('.')[0] for n in sys.modules} & {'django', 'kubernetes', 'celery'}\n"
        "other = {n for n in sys.modules if n.startswith('egress.')"
        " and not n.startswith('egress.sandbox')}\n"
        "sys.exit(str(bad | other) if bad | other else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0"])
def test_a_name_to_advertise_is_in_kubeconfig_and_certificate(tmp_path: Path, host: str) -> None:
    command = [sys.executable, "-m", "egress.sandbox", "--port", "0", "--host", host]
    command += ["--kubeconfig-dir", str(tmp_path), "--seed", "bare", "--advertise", "sandbox"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "https://sandbox:" in process.stdout.readline()
            cluster = config(tmp_path, "portal")["clusters"][0]["cluster"]
            port = int(cluster["server"].removeprefix("https://sandbox:"))
            trusted = b64decode(cluster["certificate-authority-data"]).decode()
            context = ssl.create_default_context(cadata=trusted)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.connect()
            with context.wrap_socket(connection.sock, server_hostname="sandbox") as secure:
                assert secure.version() in ("TLSv1.2", "TLSv1.3")
            connection.close()
        finally:
            process.kill()
