"""The connection itself: TLS, logins, reuse of connections, and no key left behind."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.credentials import Credentials, ExecPlugin
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.http_transport import HttpTransport
from egress.cluster.kube import KubeGateway, connect_gateway
from egress.cluster.tokens import TokenSource
from tests.cluster.certificates import authority, server_context
from tests.cluster.wire import QUICK, Exchange, Wire, gateway_to, wire

CANARY = "CANARY-token-1"


def answer_namespace(exchange: Exchange) -> None:
    exchange.reply(200, {"kind": "Namespace", "metadata": {"name": "shop", "uid": "u"}})


def read_namespace(gateway: KubeGateway) -> None:
    try:
        assert gateway.get(kinds.NAMESPACE, "", "shop") is not None
    finally:
        gateway.close()


def refusal(gateway: KubeGateway) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        read_namespace(gateway)
    return caught.value


@contextmanager
def tls_server(*, demand_client: bool = False) -> Iterator[Wire]:
    with wire(answer_namespace, server_context(authority(), demand_client=demand_client)) as served:
        yield served


def test_a_token_goes_over_verified_tls() -> None:
    with tls_server() as served:
        read_namespace(
            gateway_to(served.url, ca_certificates=authority().certificate, token=CANARY)
        )
        assert f"authorization: bearer {CANARY}".lower() in served.heads[0].decode().lower()


def test_a_server_with_the_certificate_of_another_ca_gets_no_token() -> None:
    with tls_server() as served:
        ca = authority("other").certificate
        error = refusal(gateway_to(served.url, ca_certificates=ca, token=CANARY))
        assert error.fault is Fault.CREDENTIALS
        assert not error.retryable
        assert served.heads == []


def test_a_server_with_the_certificate_of_another_name_gets_no_token() -> None:
    with tls_server() as served:
        ca = authority().certificate
        error = refusal(
            gateway_to(served.url, ca_certificates=ca, tls_server_name="else.test", token=CANARY)
        )
        assert error.fault is Fault.CREDENTIALS
        read_namespace(gateway_to(served.url, ca_certificates=ca, tls_server_name="api.test"))


def test_a_client_certificate_logs_in_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened: list[str] = []
    is_watching = [True]

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if is_watching[0] and event == "open":
            opened.append(str(arguments[0]))

    sys.addaudithook(note)
    client = authority().client
    with tls_server(demand_client=True) as served:
        opened.clear()
        gateway = gateway_to(
            served.url,
            ca_certificates=authority().certificate,
            client_certificate=client.certificate,
            client_key=client.key,
        )
        is_watching[0] = False
        named = [path for path in opened if not path.isdigit()]
        read_namespace(gateway)
        assert list(tmp_path.iterdir()) == []
        assert named == []
        error = refusal(gateway_to(served.url, ca_certificates=authority().certificate))
        assert error.fault in (Fault.CREDENTIALS, Fault.UNREACHABLE)


def test_a_key_that_cannot_be_used_is_refused_without_quoting_it() -> None:
    with pytest.raises(ClusterError) as caught:
        connect_gateway(
            Credentials(
                server="https://api.test",
                context="c",
                method="client certificate",
                ca_certificates=authority().certificate,
                client_certificate=authority().client.certificate,
                client_key="-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n",
            )
        )
    assert caught.value.fault is Fault.CREDENTIALS
    assert "CANARY" not in str(caught.value)


@pytest.mark.faults
@pytest.mark.parametrize("first_byte", [b"", b"\x16"], ids=["silent", "drips"])
def test_a_tls_handshake_that_never_ends_is_cut_off(first_byte: bytes) -> None:
    def stall(exchange: Exchange) -> None:
        raise AssertionError("no request can arrive without TLS")

    with wire(stall) as served:
        url = served.url.replace("http:", "https:")
        started = time.monotonic()
        error = refusal(gateway_to(url, ca_certificates=authority().certificate))
    assert error.fault is Fault.UNREACHABLE
    assert time.monotonic() - started < 1.5


def test_connections_are_kept_and_used_again() -> None:
    with wire(answer_namespace) as served:
        gateway = gateway_to(served.url)
        for _ in range(20):
            gateway.get(kinds.NAMESPACE, "", "shop")
        gateway.close()
        assert (len(served.seen), served.connections) == (20, 1)


def test_threads_share_the_pool_without_mixing_answers() -> None:
    def echo_name(exchange: Exchange) -> None:
        name = exchange.target.rsplit("/", 1)[1]
        exchange.reply(200, {"kind": "Namespace", "metadata": {"name": name}})

    wrong: list[str] = []
    with wire(echo_name) as served:
        gateway = gateway_to(served.url, timeout=10)

        def read(name: str) -> None:
            for _ in range(25):
                found = gateway.get(kinds.NAMESPACE, "", name)
                if found is None or found["metadata"]["name"] != name:
                    wrong.append(name)

        threads = [threading.Thread(target=read, args=(f"ns-{i}",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        gateway.close()
        assert wrong == []
        assert served.connections <= 8


def test_one_slow_call_does_not_shorten_or_lengthen_anothers_time() -> None:
    def by_name(exchange: Exchange) -> None:
        if exchange.target.endswith("/slow"):
            exchange.hang()
        else:
            answer_namespace(exchange)

    with wire(by_name) as served:
        gateway = gateway_to(served.url)
        with pytest.raises(ClusterError):
            gateway.get(kinds.NAMESPACE, "", "slow")
        read_namespace(gateway)


def test_a_watch_outlasts_a_silence_longer_than_the_read_timeout() -> None:
    event = b'{"type":"ADDED","object":{"metadata":{"name":"late"}}}\n'

    def late(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        exchange.stopping.wait(3 * QUICK.read)
        exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event))

    with wire(late) as served:
        transport = HttpTransport(Credentials(server=served.url, context="c", method="none"), QUICK)
        (seen,) = KubeGateway(transport).watch(kinds.POD, "1", timeout=10)
        assert seen.object["metadata"]["name"] == "late"


def test_closing_the_gateway_wakes_a_thread_that_waits_for_events() -> None:
    opened, over = threading.Event(), threading.Event()

    def quiet(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        opened.set()
        exchange.hang()

    with wire(quiet) as served:
        gateway = KubeGateway(
            HttpTransport(Credentials(server=served.url, context="c", method="none"))
        )

        def wait() -> None:
            list(gateway.watch(kinds.POD, "1", timeout=60))
            over.set()

        threading.Thread(target=wait, daemon=True).start()
        assert opened.wait(5)
        deadline = time.monotonic() + 5
        while not over.wait(0.05) and time.monotonic() < deadline:
            gateway.close()
        assert over.is_set()


def test_a_proxy_from_the_environment_never_sees_calls_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with wire(answer_namespace) as served:
        read_namespace(gateway_to(served.url))


def test_a_cluster_elsewhere_is_reached_by_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with wire(answer_namespace) as served:
        monkeypatch.setenv("HTTP_PROXY", served.url)
        monkeypatch.setenv("http_proxy", served.url)
        read_namespace(gateway_to("http://cluster.invalid:6443/base"))
    assert served.heads[0].split(b" ")[1].startswith(b"http://cluster.invalid:6443/base/api/v1/")


def test_a_server_below_a_path_is_asked_below_it() -> None:
    with wire(answer_namespace) as served:
        read_namespace(gateway_to(f"{served.url}/k8s/clusters/one"))
    assert served.heads[0].split(b" ")[1].startswith(b"/k8s/clusters/one/api/v1/")


def test_secrets_stay_out_of_logs_and_representations(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with wire(Exchange.reset) as served:
        login = Credentials(server=served.url, context="c", method="token", token=CANARY)
        transport = HttpTransport(login, QUICK)
        gateway = KubeGateway(transport, timeout=1)
        error = refusal(gateway)
    shown: list[Any] = [error, login, transport, gateway, TokenSource(login)]
    assert CANARY not in "".join(f"{item!r} {item}" for item in shown) + caplog.text


def test_a_mounted_token_is_read_again_after_a_minute(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\n")
    now = [0.0]
    login = Credentials(server="https://x", context="c", method="file", token_file=str(file))
    source = TokenSource(login, clock=lambda: now[0])
    assert source.token() == "one"
    file.write_text("two\n")
    now[0] = 59
    assert source.token() == "one"
    now[0] = 61
    assert source.token() == "two"
    file.unlink()
    now[0] = 130
    with pytest.raises(ClusterError, match="token file") as caught:
        source.token()
    assert caught.value.retryable


def test_a_log_in_program_gets_a_bare_environment_and_gives_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EGRESS_SECRET_KEY", CANARY)
    program = tmp_path / "login"
    program.write_text(
        "#!/bin/sh\nenv > " + str(tmp_path / "env") + '\necho \'{"status": {"token": "issued"}}\'\n'
    )
    program.chmod(0o700)
    plugin = ExecPlugin("client.authentication.k8s.io/v1", str(program), (), (("REGION", "eu"),))
    login = Credentials(server="https://x", context="c", method="program", exec_plugin=plugin)
    assert TokenSource(login).token() == "issued"
    environment = (tmp_path / "env").read_text()
    assert CANARY not in environment
    assert "REGION=eu" in environment


@pytest.mark.parametrize("output", ["", "not json", '{"status": {}}', '{"status": {"token": 5}'])
def test_a_log_in_program_that_gives_no_token_is_a_definite_error(
    tmp_path: Path, output: str
) -> None:
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\necho '{output}'\necho {CANARY} >&2\n")
    program.chmod(0o700)
    plugin = ExecPlugin("client.authentication.k8s.io/v1", str(program))
    login = Credentials(server="https://x", context="c", method="program", exec_plugin=plugin)
    with pytest.raises(ClusterError, match="gave no token") as caught:
        TokenSource(login).token()
    assert CANARY not in str(caught.value)
    assert os.path.exists(program)
