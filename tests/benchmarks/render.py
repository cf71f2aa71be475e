"""How long rendering takes: `make bench` prints a row per number of grants.

Grants are spread over all three ways to the gateway (TLS, HTTP with TLS added, TCP) and over
namespaces that share hosts, as in a company: ten namespaces per host.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
)
from egress.domain.render import render

SHARING = 10
ACCOUNTS = ("default", "web", "worker")
CLUSTER = ClusterProfile("bench", Enforcement.GATEWAY, dns_capture=True, istio_version="1.31.0")
WAYS = (
    (443, Protocol.TLS, False),
    (80, Protocol.HTTP, True),
    (5432, Protocol.TCP, False),
)


def inventory(grants: int) -> Inventory:
    """Return enough namespaces for `grants` grants."""
    count = max(SHARING, grants // 200)
    facts = [
        NamespaceFacts(f"team-{number}", service_accounts=dict.fromkeys(ACCOUNTS, ""))
        for number in range(count)
    ]
    return Inventory({one.name: one for one in facts})


def accesses(grants: int) -> list[Access]:
    """Return `grants` grants, ten namespaces to a host."""
    names = list(inventory(grants).namespaces)
    found = []
    for number in range(grants):
        host, turn = divmod(number, SHARING)
        port, protocol, origination = WAYS[host % len(WAYS)]
        account = "web" if turn % 2 else ""
        subject = Subject(names[(host * SHARING + turn) % len(names)], account)
        destination = Destination(f"api-{host}.example.com", port, protocol, origination)
        found.append(Access(subject, destination))
    return found


def seconds(deed: Callable[[], object]) -> float:
    """Return the processor time of `deed`."""
    began = time.process_time()
    deed()
    return time.process_time() - began


def render_seconds(grants: int) -> float:
    """Return the processor time to render so many grants."""
    facts, wanted = inventory(grants), accesses(grants)
    return seconds(lambda: render(CLUSTER, facts, wanted))


@contextmanager
def grants_file(grants: int) -> Iterator[Path]:
    """Yield a file with so many grants."""
    facts = inventory(grants).namespaces
    content = {
        "cluster": {"enforcement": "gateway"},
        "inventory": {name: list(one.service_accounts) for name, one in facts.items()},
        "grants": [_written(access) for access in accesses(grants)],
    }
    with TemporaryDirectory() as folder:
        # JSON is YAML, and quicker to write.
        path = Path(folder) / "grants.yaml"
        path.write_text(json.dumps(content, indent=1))
        yield path


def _written(access: Access) -> dict[str, object]:
    subject, destination = access.subject, access.destination
    account = {"serviceAccount": subject.service_account} if subject.service_account else {}
    return {
        "subject": {"namespace": subject.namespace, **account},
        "destination": {
            "host": destination.host,
            "port": destination.port,
            "protocol": destination.protocol.value,
            "tlsOrigination": destination.tls_origination,
        },
    }


def command_seconds(grants: int, output: str) -> float:
    """Return the processor time of `manage.py render` for a file of so many grants."""
    from django.core.management import call_command

    def run() -> None:
        with redirect_stdout(io.StringIO()):
            call_command("render", str(path), output=output, stdout=io.StringIO())

    with grants_file(grants) as path:
        return seconds(run)


def main() -> int:
    """Print the table."""
    import django

    django.setup()
    print(f"{'grants':>8} {'render':>9} {'command, yaml':>14} {'command, json':>14}")
    for grants in (1_000, 10_000, 100_000):
        rendered = render_seconds(grants)
        commands = (
            [f"{command_seconds(grants, kind):.2f} s" for kind in ("yaml", "json")]
            if grants <= 10_000
            else ["", ""]
        )
        print(f"{grants:>8} {rendered:>7.2f} s {commands[0]:>14} {commands[1]:>14}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
