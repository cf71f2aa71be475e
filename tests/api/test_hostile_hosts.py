"""The corpus of hostile hosts through HTTP: none breaks anything, none gets past its spelling."""

import random
from typing import Any

import pytest

from egress.domain.hosts import HostError, canonical_destination_host
from egress.models import AuditEvent, Namespace, Person, Request, RequestDestination
from tests.api.calling import Caller, problem, wish
from tests.domain.hostile_hosts import TRUSTED, hostile_hosts
from tests.tries import tries

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
HOSTS = hostile_hosts()
AT_ONCE = 20


def groups(hosts: list[str]) -> list[list[str]]:
    """Return the hosts in groups that fit into one request; very long ones stand alone."""
    short = [host for host in hosts if len(host) <= 1000]
    long = [[host] for host in hosts if len(host) > 1000]
    return [short[at : at + AT_ONCE] for at in range(0, len(short), AT_ONCE)] + long


def is_canonical(host: str) -> bool:
    """Tell whether the domain calls this the one spelling of a host."""
    try:
        return canonical_destination_host(host) == host
    except HostError:
        return False


def can_be_a_host(host: str) -> bool:
    """Tell whether the domain makes a host of this at all."""
    try:
        canonical_destination_host(host.strip())
    except HostError:
        return False
    return True


def submitted() -> list[str]:
    """Return some of what may be accepted, or all of it, and some of what must not be.

    Each submission is a whole transaction; the rehearsal takes all hosts.
    """
    luck = random.Random(20261121)
    hopeless = [host for host in HOSTS if not can_be_a_host(host)]
    possible = [host for host in HOSTS if can_be_a_host(host)]
    chosen = luck.sample(possible, tries(len(possible) // 8, of=len(possible)))
    return [*chosen, *luck.sample(hopeless, tries(30, of=100))]


def errors_of(answer: Any) -> dict[str, list[str]]:
    """Return what is wrong by field, whether it was said by a preview or by a refusal."""
    if answer.status_code == 200:
        return dict(answer.json()["errors"])
    if answer.status_code == 413:
        return {"destinations.0.host": [problem(answer, 413)["detail"]]}
    return dict(problem(answer, 422)["errors"])


def test_the_corpus_is_large_enough() -> None:
    assert len(HOSTS) >= 2000


def test_no_hostile_host_breaks_a_dry_run_and_each_is_judged(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller, understood = Caller(owner), 0
    for group in groups(HOSTS):
        answer = caller.post("/requests/", wish(shop, *group, dry_run=True))
        assert answer.status_code in {200, 413, 422}, (group, answer.content[:500])
        errors = errors_of(answer)
        if answer.status_code != 200:
            assert errors
            continue
        for position, host in enumerate(group):
            if f"destinations.{position}.host" in errors:
                continue
            understood += 1
            assert is_canonical(canonical_destination_host(host.strip()))
    assert understood > 100, "the corpus holds harmless spellings, too"
    assert not Request.objects.exists()


def test_no_hostile_host_is_stored_in_another_than_its_canonical_form(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    caller, accepted, before = Caller(owner), 0, AuditEvent.objects.count()
    for host in (hosts := submitted()):
        answer = caller.post("/requests/", wish(shop, host))
        assert answer.status_code in {201, 413, 422}, (host[:100], answer.content[:500])
        if answer.status_code == 201:
            accepted += 1
            shown = answer.json()["destinations"][0]["host"]
            assert shown == canonical_destination_host(host.strip())
        else:
            assert any(path.startswith("destinations") for path in errors_of(answer)), host[:100]
    stored = list(RequestDestination.objects.values_list("host", flat=True))
    assert len(stored) == accepted == Request.objects.count()
    assert all(is_canonical(host) for host in stored)
    assert AuditEvent.objects.count() == before + accepted
    assert len(hosts) // 3 < accepted <= len(hosts) - 30


def test_a_trusted_host_is_accepted_as_it_is(shop: Namespace, owner: Person, alice: Person) -> None:
    caller = Caller(owner)
    for host in TRUSTED:
        told = caller.post("/requests/", wish(shop, host, dry_run=True)).json()
        assert told["errors"] == {}, host


@pytest.mark.parametrize(
    "port", [0, -1, 65536, 10**50, "443", "0x1bb", "４４３", None, True, 443.0]
)
def test_no_hostile_port_is_accepted(
    shop: Namespace, owner: Person, alice: Person, port: object
) -> None:
    body = wish(shop)
    body["destinations"][0]["port"] = port
    errors = problem(Caller(owner).post("/requests/", body), 422)["errors"]
    assert [*errors] == ["destinations.0.port"]


@pytest.mark.parametrize("host", HOSTS[::40])
def test_no_hostile_host_breaks_the_access_check(shop: Namespace, owner: Person, host: str) -> None:
    clean = host[:3000].encode("utf-8", "replace").decode()
    asked: dict[str, str | int] = {
        "cluster": "main",
        "namespace": "shop",
        "host": clean,
        "port": 443,
    }
    answer = Caller(owner).get("/access-check/", asked)
    if answer.status_code == 200:
        assert answer.json()["allowed"] is False
    else:
        assert [*problem(answer, 422)["errors"]] == ["host"]
