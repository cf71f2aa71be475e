"""How long rendering takes, hashes included (row e): processor time on one core.

Under `sidecar` each namespace has its own entries of TLS hosts, one object a grant. Under
`gateway` grants are spread over all three ways (TLS, HTTP with TLS added, TCP), and a host's
objects are as large as the ten namespaces that share it make them.
"""

import hashlib
import io
import json
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
from egress.domain.objects import KubeObject, canonical_json
from egress.domain.render import render
from tests.benchmarks.rows import Options, Row, spread

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (100, 1_000)
PER_SECOND = 50_000
SHARING, OWN = 10, 20
ACCOUNTS = ("default", "web", "worker")
CLUSTER = ClusterProfile("bench", Enforcement.GATEWAY, dns_capture=True, istio_version="1.31.0")
SIDECARS = ClusterProfile("bench", dns_capture=True, istio_version="1.31.0")
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


def accesses_of_sidecars(grants: int) -> list[Access]:
    """Return `grants` grants of TLS hosts, twenty to a namespace and a host to ten namespaces."""
    hosts = max(OWN, grants // SHARING)
    return [
        Access(
            Subject(f"team-{number // OWN}"),
            Destination(f"api-{number % hosts}.example.com", 443, Protocol.TLS),
        )
        for number in range(grants)
    ]


def inventory_for(accesses: list[Access]) -> Inventory:
    """Return the namespaces that grants are for, each with a few accounts."""
    names = {access.subject.namespace for access in accesses}
    accounts = dict.fromkeys(ACCOUNTS, "")
    return Inventory({name: NamespaceFacts(name, service_accounts=accounts) for name in names})


LAYOUTS: dict[str, tuple[ClusterProfile, Callable[[int], list[Access]]]] = {
    "sidecar": (SIDECARS, accesses_of_sidecars),
    "gateway": (CLUSTER, accesses),
}


def seconds(deed: Callable[[], object]) -> float:
    """Return the processor time of `deed`."""
    began = time.process_time()
    deed()
    return time.process_time() - began


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


def measure(options: Options) -> list[Row]:
    """Return objects per second and core of both layouts, and the time of the command."""
    sizes = QUICK_SIZES if options.quick else SIZES
    rows = []
    for layout, (cluster, grants_of) in LAYOUTS.items():
        for size in sizes:
            wanted = grants_of(size)
            facts = inventory_for(wanted)
            rows.append(_row(layout, cluster, facts, wanted))
    for size in sizes[:2]:
        for kind in ("yaml", "json"):
            took = command_seconds(size, kind)
            rows.append(Row("e", f"manage.py render, {size:,} grants, {kind}", f"{took:.2f} s"))
    return rows


IS_BOUND = (
    "50,000 objects a second leave 20 microseconds for each. JSON in order and SHA-256 take 13 to "
    "15 of them for an object of the gateway, and it stands for more than two grants, which take "
    "10 each to check, sort and build; with a hundred thousand the caches of the processor miss."
)


def _row(layout: str, cluster: ClusterProfile, facts: Inventory, wanted: list[Access]) -> Row:
    found: list[list[KubeObject]] = []
    taken = [seconds(lambda: found.append(render(cluster, facts, wanted))) for _ in range(3)]
    objects = found[0]
    first, others = canonical_json(objects), found[1:]
    is_same = all(canonical_json(other) == first for other in others)
    rate = len(objects) / min(taken)
    said = f"{rate:,.0f} objects/s ({len(wanted) / min(taken):,.0f} grants/s)"
    details = {
        "objects": len(objects),
        "grants": len(wanted),
        "bytes": len(first),
        "same_bytes": is_same,
        "hash": hashlib.sha256(first).hexdigest(),
        **spread(taken),
    }
    what = f"render with hash, {len(wanted):,} grants, {layout}"
    target = f"{PER_SECOND:,} objects/s"
    return Row("e", what, said, target, rate >= PER_SECOND and is_same, details, IS_BOUND)
