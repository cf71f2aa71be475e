"""P21: no object without a narrow `exportTo` passes the last look before it is written."""

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
    Resolution,
    Subject,
)
from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject
from egress.domain.render import CannotRender, render_what_can
from tests.domain.examples import CLUSTER, inventory, namespace
from tests.faults.suite import Outcome, Run, Suite

BUNDLES = 500
CASES = 200
EXPORTED = ("ServiceEntry", "VirtualService", "DestinationRule")
HOSTS = ("a.example.com", "b.example.com", "*.example.com", "1.2.3.0/24", "A.com", "x", "c.org")
PROFILES: Mapping[str, ClusterProfile] = {
    "gateway": replace(CLUSTER, enforcement=Enforcement.GATEWAY),
    "clients": replace(CLUSTER, enforcement=Enforcement.GATEWAY, rules_at_clients=True),
    "sidecar": replace(CLUSTER, enforcement=Enforcement.SIDECAR),
    "central": replace(CLUSTER, enforcement=Enforcement.SIDECAR, central_entries=True),
    "ambient": replace(CLUSTER, enforcement=Enforcement.AMBIENT),
}
WIDE: Sequence[Any] = (["*"], [], [".", "*"], ["*", "shop"], None, "*", [""], ["~"], [None], {})
MISSING = object()


class Bundles(Suite):
    """Random grants are rendered, and their objects then spoiled."""

    name = "bundles"
    promises = ("P21",)
    title = "Fuzzed bundles through the last look: none without a narrow exportTo passes"
    target = CASES * BUNDLES

    def cases(self) -> Sequence[str]:
        """Return batches, each under one enforcement."""
        names = list(PROFILES)
        return [f"{names[n % len(names)]}-{n}" for n in range(CASES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        yield run


BUNDLE_CHECKS = Bundles()


def run(case: str, chance: random.Random) -> Outcome:
    """Render a batch of bundles, look at them whole, and spoil one object of each."""
    profile = PROFILES[case.split("-")[0]]
    known = _inventory(profile)
    wrong: list[str] = []
    spoiled_bundles = 0
    while spoiled_bundles < BUNDLES and len(wrong) < 20:
        draw = any_access if chance.random() < 0.2 else likely_access
        accesses = [draw(chance) for _ in range(chance.randrange(1, 5))]
        try:
            objects = render_what_can(profile, known, accesses).objects
        except CannotRender:
            continue
        wrong += [f"{one}" for obj in objects for one in unsound(obj)]
        exported = [obj for obj in objects if obj["kind"] in EXPORTED]
        if exported:
            spoiled_bundles += 1
            wrong += spoiled(chance, chance.choice(exported))
    return Outcome(spoiled_bundles, wrong)


def _inventory(profile: ClusterProfile) -> Inventory:
    found = [namespace(name, default_deny=profile.central_entries) for name in ("a", "b")]
    return inventory(*found, namespace("istio-system"))


WAYS = (
    (443, Protocol.TLS, False),
    (80, Protocol.HTTP, False),
    (80, Protocol.HTTP, True),
    (5432, Protocol.TCP, False),
    (8080, Protocol.GRPC, False),
)


def likely_access(chance: random.Random) -> Access:
    """An access that most enforcements have objects for."""
    to = Destination(chance.choice(("a.example.com", "b.example.com")), *chance.choice(WAYS))
    return Access(Subject(chance.choice("ab")), to)


def any_access(chance: random.Random) -> Access:
    """Any access at all, sensible or not."""
    subject = Subject(
        chance.choice(["a", "a", "b", "istio-system", "-"]),
        chance.choice(["", "", "", "billing", "sa"]),
    )
    destination = Destination(
        chance.choice(HOSTS),
        chance.choice([80, 80, 443, 8443, 8080, 5432, 0, 65536]),
        chance.choice(list(Protocol)),
        chance.random() < 0.3,
        addresses=chance.choice([(), (), (), ("192.0.2.9",)]),
        resolution=chance.choice(list(Resolution)) if chance.random() < 0.2 else Resolution.DNS,
        alias=chance.choice(["", "", "", "mirror"]),
    )
    return Access(subject, destination)


def unsound(obj: KubeObject) -> Iterator[str]:
    """Return what is wrong with a rendered object."""
    name = f"{obj['kind']} {obj['metadata']['name']}"
    if problems := check_object(obj):
        yield f"The rendered {name} does not pass: {problems[0]}"
    if obj["kind"] in EXPORTED and not is_narrow(obj["spec"].get("exportTo")):
        yield f"The rendered {name} is exported to {obj['spec'].get('exportTo')}."


def is_narrow(exported: Any) -> bool:
    """Tell whether `exportTo` names namespaces, or its own, and not all of them."""
    if not isinstance(exported, list) or not exported:
        return False
    return all(isinstance(one, str) and one not in ("", "*", "~") for one in exported)


def spoiled(chance: random.Random, obj: KubeObject) -> Iterator[str]:
    """Spoil `exportTo`, then anything else: what passes must still be narrow."""
    value = chance.choice((*WIDE, MISSING))
    wide = copy.deepcopy(obj)
    if value is MISSING:
        del wide["spec"]["exportTo"]
    else:
        wide["spec"]["exportTo"] = value
    if not check_object(wide):
        shown = "nothing" if value is MISSING else value
        yield f"A {obj['kind']} that is exported to {shown!r} passes."
    mutant = copy.deepcopy(obj)
    for _ in range(chance.randrange(1, 4)):
        mutate(chance, mutant)
    spec = mutant.get("spec")
    if not check_object(mutant) and not is_narrow((spec or {}).get("exportTo")):
        yield f"A mutated {obj['kind']} without a narrow exportTo passes: {spec}"


def mutate(chance: random.Random, obj: KubeObject) -> None:
    """Change, drop or add one value somewhere in an object."""
    places = list(_places(obj))
    holder, key = chance.choice(places)
    strange: Sequence[Callable[[], Any]] = (
        lambda: ["*"], lambda: "*", lambda: None, list, dict, lambda: 7, lambda: "",
    )  # fmt: skip
    what = chance.random()
    if what < 0.3:
        del holder[key]
    elif what < 0.5 and isinstance(holder, list):
        holder.append("*")
    elif what < 0.6 and isinstance(holder, dict):
        holder[f"x{key}"] = holder.pop(key)
    else:
        holder[key] = chance.choice(strange)()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, below in pairs:
        yield value, key
        if isinstance(below, dict | list):
            yield from _places(below)
