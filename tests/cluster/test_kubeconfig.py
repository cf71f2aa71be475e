"""A kubeconfig cannot run code, read files or leak (promise P32)."""

import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from egress.cluster.credentials import Credentials, in_cluster_credentials
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.kubeconfig import read_kubeconfig
from tests.cluster.certificates import authority
from tests.cluster.hostile import CANARY, CLIENT, EXEC, HOSTILE, b64, kubeconfig

WATCHED = frozenset(
    {
        "open",
        "os.listdir",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "pty.spawn",
        "subprocess.Popen",
        "socket.connect",
        "socket.getaddrinfo",
    }
)

_events: list[str] = []
_is_watching = False


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _is_watching and event in WATCHED:
        _events.append(f"{event} {arguments[:1]}")


sys.addaudithook(_note)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect every file that is opened and every process that is started in the block."""
    global _is_watching
    _events.clear()
    _is_watching = True
    try:
        yield _events
    finally:
        _is_watching = False


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_kubeconfig_is_refused_without_a_file_or_process(name: str) -> None:
    text, reason = HOSTILE[name]
    read_kubeconfig(kubeconfig())  # everything that is imported late has been imported now
    with watched() as events, pytest.raises(ClusterError) as caught:
        read_kubeconfig(text)
    assert events == []
    assert caught.value.fault is Fault.CREDENTIALS
    assert not caught.value.retryable
    assert reason in caught.value.message
    assert caught.value.message.endswith(".")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert CANARY not in told.replace(f"touch /tmp/{CANARY}", "")
    assert not Path(f"/tmp/{CANARY}").exists()


def test_the_watch_of_the_tests_above_sees_files_and_processes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("t")
    plugin = {**EXEC, "command": "/bin/true", "args": []}
    text = kubeconfig({"certificate-authority-data": "", "certificate-authority": str(file)})
    with watched() as events:
        read_kubeconfig(kubeconfig(user={"exec": plugin}), allow_exec=True)
        assert events == []
        with pytest.raises(ClusterError):
            read_kubeconfig(text, allow_files=True)
        subprocess.run(["/bin/true"], check=True)
    assert f"open ('{file}',)" in events
    assert "subprocess.Popen ('/bin/true',)" in events


def test_a_plain_kubeconfig_becomes_credentials() -> None:
    credentials = read_kubeconfig(kubeconfig({"tls-server-name": "api.test"}))
    assert credentials.server == "https://api.test:6443"
    assert credentials.context == "main"
    assert credentials.method == "token"
    assert credentials.token == CANARY
    assert credentials.ca_certificates == authority().certificate
    assert credentials.tls_server_name == "api.test"


def test_only_the_chosen_context_is_kept() -> None:
    document = yaml.safe_load(kubeconfig())
    document["contexts"].append({"name": "two", "context": {"cluster": "c2", "user": "u2"}})
    document["clusters"].append({"name": "c2", "cluster": {"server": "https://two.test"}})
    document["users"].append({"name": "u2", "user": {"token": "other-secret"}})
    chosen = read_kubeconfig(yaml.safe_dump(document), "two")
    assert chosen.server == "https://two.test"
    assert CANARY not in chosen.kubeconfig
    assert "other-secret" in chosen.kubeconfig


def test_a_hostile_user_of_another_context_does_no_harm() -> None:
    document = yaml.safe_load(kubeconfig())
    document["users"].append({"name": "other", "user": {"exec": EXEC}})
    assert "exec" not in read_kubeconfig(yaml.safe_dump(document)).kubeconfig


@pytest.mark.parametrize(
    "user",
    [
        {"token": CANARY},
        {
            "client-certificate-data": b64(CLIENT.certificate),
            "client-key-data": b64(CLIENT.key),
        },
    ],
    ids=["token", "client certificate"],
)
def test_the_normalised_kubeconfig_reads_back_the_same(user: dict[str, str]) -> None:
    first = read_kubeconfig(kubeconfig(user=user))
    assert read_kubeconfig(first.kubeconfig) == first


def test_json_is_a_kubeconfig_too() -> None:
    text = json.dumps(yaml.safe_load(kubeconfig()))
    assert read_kubeconfig(text).token == CANARY


def test_the_sandbox_on_this_machine_needs_no_tls() -> None:
    for server in ("http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"):
        assert read_kubeconfig(kubeconfig({"server": server})).server == server


def test_files_and_programs_are_followed_where_an_operator_allows_them(tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text(authority().certificate)
    text = kubeconfig(
        {"certificate-authority": str(ca), "certificate-authority-data": ""},
        {"tokenFile": str(tmp_path / "token")},
    )
    credentials = read_kubeconfig(text, allow_files=True)
    assert credentials.ca_certificates == authority().certificate
    assert credentials.token_file == str(tmp_path / "token")
    program = read_kubeconfig(kubeconfig(user={"exec": EXEC}), allow_exec=True)
    assert program.method == "program"
    with pytest.raises(ClusterError, match="runs a program"):
        read_kubeconfig(program.kubeconfig)


def test_credentials_do_not_show_their_secrets() -> None:
    user = {
        "token": CANARY,
        "client-certificate-data": b64(CLIENT.certificate),
        "client-key-data": b64(CLIENT.key),
    }
    credentials = read_kubeconfig(kubeconfig(user=user))
    for shown in (repr(credentials), str(credentials), f"{credentials!r:>500}"):
        assert CANARY not in shown
        assert "PRIVATE" not in shown
        assert "BEGIN" not in shown
        assert "api.test" in shown


def in_cluster(folder: Path, **changes: str) -> Credentials:
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    return in_cluster_credentials({**environment, **changes}, folder)


def test_inside_a_pod_the_mounted_service_account_is_used(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(authority().certificate)
    (tmp_path / "token").write_text(f"{CANARY}\n")
    credentials = in_cluster(tmp_path)
    assert credentials.server == "https://10.0.0.1:443"
    assert credentials.token_file == str(tmp_path / "token")
    assert CANARY not in repr(credentials)
    assert in_cluster(tmp_path, KUBERNETES_SERVICE_HOST="fd00::1").server == "https://[fd00::1]:443"


def test_outside_a_pod_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="kubeconfig instead"):
        in_cluster(tmp_path, KUBERNETES_SERVICE_HOST="")
    with pytest.raises(ClusterError, match="automountServiceAccountToken"):
        in_cluster(tmp_path)
