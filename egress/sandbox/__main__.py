"""`python -m egress.sandbox`: run the sandbox until it is told to end."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from egress.sandbox import demo
from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.controllers import BACKGROUND
from egress.sandbox.fault_rules import RulePlan
from egress.sandbox.kubeconfig import kubeconfig, write_private
from egress.sandbox.persistence import StateUnusableError
from egress.sandbox.server import SandboxServer
from egress.sandbox.store import Store
from egress.sandbox.tls import Authority
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users

_ROLES = {"admin": ADMIN, "portal": PORTAL, "nobody": NOBODY}


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m egress.sandbox",
        description="A small Kubernetes API with Istio's kinds, for trying and testing.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8901, help="port to listen on, 0 for any")
    parser.add_argument("--state", type=Path, help="SQLite file that keeps the state")
    parser.add_argument(
        "--seed",
        choices=("demo", "bare"),
        default="demo",
        help="what an empty state starts with",
    )
    parser.add_argument("--kubeconfig-dir", type=Path, help="folder for the kubeconfig files")
    parser.add_argument(
        "--advertise", help="host name or address that clients use, by default the one listened on"
    )
    parser.add_argument(
        "--latency-ms", type=float, default=0.0, help="milliseconds added to every request"
    )
    parser.add_argument(
        "--faults",
        action="store_true",
        help="for tests: let an administrator set faults at /sandbox/faults",
    )
    return parser.parse_args(given)


def _tokens(store: Store) -> dict[str, str]:
    known = store.fact("tokens", lambda: json.dumps({r: secrets.token_hex(24) for r in _ROLES}))
    tokens: dict[str, str] = json.loads(known)
    return tokens


def _seeded(store: Store, seed: str) -> None:
    if not store.is_empty():
        return
    with store.all_or_nothing():
        if seed == "demo":
            demo.seed(store)
        else:
            install(store)


def main(given: Sequence[str] | None = None) -> int:
    """Run the sandbox. Returns the exit status: 0 when it was told to end, 1 when it cannot run."""
    arguments = _arguments(given)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        store = Store(arguments.state)
    except StateUnusableError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _seeded(store, arguments.seed)
        return _run(store, arguments, ending)
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        print(f'Cannot listen on "{where}": {error}. Name another --port.', file=sys.stderr)
        return 1
    finally:
        store.close()


def _run(store: Store, arguments: argparse.Namespace, ending: threading.Event) -> int:
    tokens = _tokens(store)
    known = store.fact("authority", lambda: Authority.create().as_json())
    authority = Authority.from_json(known)
    users = Users({tokens[role]: user for role, user in _ROLES.items()})
    api = SandboxApi(store, users, controllers=BACKGROUND)
    api.settle()
    name = arguments.advertise or _reachable(arguments.host)
    server = SandboxServer(
        api,
        arguments.host,
        arguments.port,
        arguments.latency_ms / 1000,
        authority.server_context({"localhost", "127.0.0.1", name}),
    )
    if arguments.faults:
        server.faults = RulePlan(store)
    with server:
        url = f"https://{name}:{server.port}"
        if arguments.kubeconfig_dir is not None:
            _write_kubeconfigs(arguments.kubeconfig_dir, url, authority, tokens)
        server.start()
        print(f"The sandbox answers at {url} (and, without TLS, at {server.url})", flush=True)
        # Wakes now and then: Python acts on a signal that reached another thread only here.
        while not ending.wait(0.5):
            pass
    return 0


def _reachable(host: str) -> str:
    """Return a name for the address that is listened on; "every address" is no name."""
    return socket.gethostname() if host in ("0.0.0.0", "::", "") else host  # noqa: S104


def _write_kubeconfigs(
    folder: Path, url: str, authority: Authority, tokens: dict[str, str]
) -> None:
    for role in ("admin", "portal"):
        text = kubeconfig(url, authority.certificate, role, tokens[role])
        write_private(folder / f"sandbox-{role}.kubeconfig", text)


if __name__ == "__main__":
    sys.exit(main())
