"""One approved grant among few and among many: requests and time until it is applied (row d)."""

import statistics
from pathlib import Path
from typing import Any

from django.db.models import Model

from egress.domain.access import Access, Destination, Enforcement, Protocol, Subject
from egress.models import (
    Cluster,
    Delivery,
    DeliveryStep,
    Grant,
    HostAssignment,
    OwnedObject,
    Person,
    Request,
    Slice,
)
from tests.benchmarks.company import (
    Company,
    accesses_by_gateway,
    accesses_by_sidecar,
    close_connections,
    connect_company,
    namespaces_of,
)
from tests.benchmarks.grounds import PREFIX, Grounds, grounds_for
from tests.benchmarks.rows import Options, Row, spoken, spread

SIZES = (10, 1_000, 10_000)
QUICK_SIZES = (10, 100)
CHANGES = 11
MOST = 1.2
LAYOUTS = {
    Enforcement.SIDECAR: accesses_by_sidecar,
    Enforcement.GATEWAY: accesses_by_gateway,
}


def measure(options: Options) -> list[Row]:
    """Return the rows of both layouts."""
    sizes = QUICK_SIZES if options.quick else SIZES
    return [row for layout in LAYOUTS for row in _layout(options, layout, sizes)]


def _layout(options: Options, layout: Enforcement, sizes: tuple[int, ...]) -> list[Row]:
    folder = Path(options.folder) / layout
    folder.mkdir()
    with grounds_for(folder, options.kubeconfig) as grounds:
        try:
            return _grown(grounds, layout, sizes)
        finally:
            grounds.clear()
            _forget()
            close_connections()


def _grown(grounds: Grounds, layout: Enforcement, sizes: tuple[int, ...]) -> list[Row]:
    accesses = LAYOUTS[layout](max(sizes))
    company = connect_company(grounds, namespaces_of(accesses), layout)
    # The first change of a process pays for connections and imports.
    seconds: dict[int, list[float]] = {}
    requests: dict[int, list[dict[str, int]]] = {}
    known = 0
    for turn, size in enumerate(sizes):
        company.mark(company.grants(accesses[known:size]))
        known = size
        company.converge()
        # A namespace of its own for each size, so that it has the same few grants each time.
        place = f"{PREFIX}{turn}"
        _change(company, grounds, place, f"warm-{size}")
        done = [_change(company, grounds, place, f"{number}-{size}") for number in range(CHANGES)]
        seconds[size] = [took for took, _ in done]
        requests[size] = [seen for _, seen in done]
        print(f"  one change among {size}, {layout}: done", flush=True)
    return _rows(layout, seconds, requests)


def _change(
    company: Company, grounds: Grounds, namespace: str, name: str
) -> tuple[float, dict[str, int]]:
    destination = Destination(f"new-{name}.example.com", 443, Protocol.TLS)
    grants = company.grants([Access(Subject(namespace), destination)])
    company.mark(grants)
    grounds.count()
    took = company.converge()
    return took, grounds.count()


def _rows(
    layout: Enforcement,
    seconds: dict[int, list[float]],
    requests: dict[int, list[dict[str, int]]],
) -> list[Row]:
    rows = []
    for size, runs in seconds.items():
        totals = [sum(seen.values()) for seen in requests[size]]
        counted = f", {statistics.median(totals):.0f} requests" if any(totals) else ""
        details: dict[str, Any] = {**spread(runs), "requests": requests[size][-1]}
        what = f"one change among {size:,} grants, {layout}"
        rows.append(Row("d", what, f"{spoken(runs)}{counted}", details=details))
    few, many = min(seconds), max(seconds)
    ratio = statistics.median(seconds[many]) / statistics.median(seconds[few])
    what = f"one change, {many:,} against {few:,} grants, {layout}"
    rows.append(Row("d", f"{what}: time", f"{ratio:.2f} x", f"{MOST} x", ratio <= MOST))
    counts = [max(sum(seen.values()) for seen in requests[size]) for size in (few, many)]
    if any(counts):
        said = f"{counts[1]} against {counts[0]}"
        rows.append(Row("d", f"{what}: requests", said, "the same", counts[0] >= counts[1]))
    return rows


def _forget() -> None:
    """Make room for the next layout in the same database."""
    models: list[type[Model]] = [
        *[DeliveryStep, Delivery, OwnedObject, Slice, Grant],
        *[Request, HostAssignment, Cluster, Person],
    ]
    for model in models:
        model._default_manager.all().delete()
