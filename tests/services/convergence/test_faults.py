"""Whatever a cluster answers, a delivery ends in a definite state and is made up for."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from egress.cluster.errors import ClusterError, Fault
from egress.models import Cluster, Delivery, Grant, OwnedObject, Slice
from egress.services.convergence.claim import Claim, ClaimLostError
from tests.services.convergence.crashing import Around, watched
from tests.services.world import World, assert_chain_is_valid, foreign_entry

WRITES = ("create", "update", "delete")
DEFINITE = (Fault.FORBIDDEN, Fault.INVALID, Fault.CONFLICT)
PASSING = (Fault.SERVER, Fault.TOO_MANY_REQUESTS, Fault.TIMEOUT, Fault.UNREACHABLE)


@contextmanager
def through(world: World, around: Around) -> Iterator[None]:
    """Let workers reach the cluster with something around each call."""
    gateway = watched(world.sandbox.gateway, around)
    with mock.patch("egress.services.convergence.deliver.open_gateway", return_value=gateway):
        yield


def failing(name: str, error: ClusterError, *, at: int = 0, happens: bool = False) -> Around:
    """Fail the call `name` for the `at`-th time it is made; `happens` loses the answer only."""
    seen = 0

    def around(called: str, call: Callable[[], Any]) -> Any:
        nonlocal seen
        if called != name:
            return call()
        seen += 1
        if seen - 1 != at:
            return call()
        if happens:
            call()
        raise error

    return around


def lost(fault: Fault = Fault.TIMEOUT) -> ClusterError:
    return ClusterError("No answer came.", fault, retryable=True, outcome_unknown=True)


@pytest.mark.parametrize("fault", PASSING)
def test_a_write_whose_answer_was_lost_counts_when_it_has_happened(
    world: World, fault: Fault
) -> None:
    grant = world.approve("api.example.com")
    with through(world, failing("create", lost(fault), happens=True)):
        world.converge()
    grant.refresh_from_db()
    assert grant.status == "active"
    assert OwnedObject.objects.get().uid
    assert Delivery.objects.get().outcome == "done"


def test_a_removal_whose_answer_was_lost_counts_when_it_has_happened(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    with through(world, failing("delete", lost(), happens=True)):
        world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None


def test_a_lost_write_that_arrives_late_is_found_again(world: World) -> None:
    grant = world.approve("api.example.com")
    late: list[Callable[[], Any]] = []

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "create":
            late.append(call)
            raise lost()
        return call()

    with through(world, around):
        world.converge()
    grant.refresh_from_db()
    assert grant.status == "pending"
    assert Delivery.objects.get().steps.get().result == "unknown"
    world.revoke(grant)
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is None, "a write may still be on its way"
    late[0]()
    assert world.hosts() == {("api.example.com", 443)}
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert world.hosts() == set()
    assert grant.confirmed_at is not None


@pytest.mark.parametrize("fault", DEFINITE)
def test_a_refused_host_does_not_hold_up_the_others(world: World, fault: Fault) -> None:
    refused = world.approve("api.example.com")
    fine = world.approve("www.example.com")
    error = ClusterError("The cluster says no.", fault)
    with through(world, failing("create (dry run)", error)):
        world.converge()
    refused.refresh_from_db()
    fine.refresh_from_db()
    assert refused.failed_reason == fault
    assert refused.failed_message == "The cluster says no."
    assert fine.status == "active"
    assert world.slice().attempts == 1


@pytest.mark.parametrize("fault", DEFINITE)
def test_a_write_refused_after_its_trial_leaves_no_record(world: World, fault: Fault) -> None:
    world.approve("api.example.com")
    with through(world, failing("create", ClusterError("The cluster says no.", fault))):
        world.converge()
    assert not OwnedObject.objects.exists()
    assert Delivery.objects.get().outcome == "failed"
    world.make_due()
    world.converge()
    assert world.hosts() == {("api.example.com", 443)}


def test_an_entry_waits_for_the_rule_it_needs(world: World) -> None:
    world.approve("api.example.com", port=80, protocol="HTTP", tls_origination=True)
    error = ClusterError("The cluster says no.", Fault.FORBIDDEN)
    with through(world, failing("create", error, at=0)):
        world.converge()
    assert world.hosts() == set()
    assert [step.result for step in Delivery.objects.get().steps.all()] == ["failed", "skipped"]


@pytest.mark.parametrize("fault", PASSING)
def test_trouble_of_the_cluster_stops_what_opens_but_not_what_closes(
    world: World, fault: Fault
) -> None:
    gone = world.deliver("gone.example.com")
    world.revoke(gone)
    world.approve("new.example.com")
    error = ClusterError("Later, please.", fault, retryable=True)
    with through(world, failing("create (dry run)", error)):
        world.converge()
    gone.refresh_from_db()
    is_silent = fault in (Fault.TIMEOUT, Fault.UNREACHABLE)
    assert world.hosts() == ({("gone.example.com", 443)} if is_silent else set())
    assert (gone.confirmed_at is None) is is_silent
    world.make_due()
    world.converge()
    gone.refresh_from_db()
    assert world.hosts() == {("new.example.com", 443)}
    assert gone.confirmed_at is not None


def test_a_cluster_that_names_a_time_is_left_alone_until_then(world: World) -> None:
    world.approve("api.example.com")
    error = ClusterError("Busy.", Fault.TOO_MANY_REQUESTS, retryable=True, retry_after=90)
    with through(world, failing("create", error)):
        world.converge()
    assert (world.slice().due_at - timezone.now()).total_seconds() > 80


@pytest.mark.parametrize("call", ["get", "list"])
def test_a_cluster_that_cannot_be_read_is_noted_and_tried_again(world: World, call: str) -> None:
    world.approve("api.example.com")
    error = ClusterError("No route to the cluster.", Fault.UNREACHABLE, retryable=True)
    with through(world, failing(call, error)):
        world.converge()
    assert Cluster.objects.get().problem == "No route to the cluster."
    assert not Delivery.objects.exists()
    row = world.slice()
    assert row.attempts == 0
    assert row.wanted > row.done
    assert row.holder == ""
    world.make_due()
    world.converge()
    assert Cluster.objects.get().reachable


def test_a_failed_removal_keeps_the_revoke_unconfirmed_and_says_so(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    with through(world, failing("delete", ClusterError("Not yours.", Fault.FORBIDDEN))):
        world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is None
    assert world.slice().problem == "Not yours."
    assert OwnedObject.objects.get().uid
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None


def test_a_foreign_object_under_our_name_keeps_a_revoke_unconfirmed(world: World) -> None:
    grant = world.deliver("api.example.com", port=8443)
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    theirs = world.sandbox.put(foreign_entry(entry["metadata"]["name"], "api.example.com"))
    world.revoke(grant)
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is None
    assert world.slice().problem_reason == "Unconfirmed"
    assert world.hosts() == {("api.example.com", 8443)}
    world.sandbox.remove(theirs)
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None


def test_a_worker_that_was_overtaken_writes_nothing(world: World) -> None:
    grant = world.approve("api.example.com")

    def overtaken(name: str, call: Callable[[], Any]) -> Any:
        if name == "create (dry run)":
            Slice.objects.update(fence=99, holder="another")
        return call()

    with through(world, overtaken):
        world.converge()
    assert world.hosts() == set()
    assert not Delivery.objects.exists()
    grant.refresh_from_db()
    assert grant.status == "pending"


def test_a_worker_overtaken_before_a_batch_writes_nothing_more(
    world: World, settings: Settings
) -> None:
    settings.REQUESTS_AT_ONCE = 1
    world.approve("a.example.com")
    world.approve("b.example.com")
    honest = Claim.check
    checks = 0

    def check(claim: Claim) -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            Slice.objects.update(fence=99, holder="another")
        honest(claim)

    with mock.patch.object(Claim, "check", check):
        world.converge()
    assert len(world.hosts()) == 1


def test_a_lease_that_runs_out_within_a_batch_stops_what_was_not_sent(world: World) -> None:
    for name in "abcdef":
        world.approve(f"{name}.example.com")
    honest, sent = Claim.require_time, Counter[str]()

    def require_time(claim: Claim) -> None:
        sent["asked"] += 1
        if sent["asked"] > 4:
            raise ClaimLostError(str(claim))
        honest(claim)

    with mock.patch.object(Claim, "require_time", require_time):
        world.converge()
    assert 0 < len(world.hosts()) < 6
    assert OwnedObject.objects.exclude(uid="").count() == len(world.hosts())
    assert world.slice().problem_reason == "ClaimLost"
    world.make_due()
    world.converge("heir")
    assert len(world.hosts()) == 6
    assert_chain_is_valid()


def test_a_write_that_lands_after_a_revoke_was_confirmed_is_taken_back(world: World) -> None:
    grant = world.approve("api.example.com")

    def frozen(name: str, call: Callable[[], Any]) -> Any:
        if name == "create":
            world.run_out()
            world.revoke(grant)
            for _ in range(2):
                world.converge("heir")
                world.make_due()
            grant.refresh_from_db()
            assert grant.confirmed_at is not None
        return call()

    gateway = watched(world.sandbox.gateway, frozen)
    opened = iter([gateway])

    def open_gateway(_: object) -> object:
        return next(opened, world.sandbox.gateway)

    with mock.patch("egress.services.convergence.deliver.open_gateway", open_gateway):
        world.converge("frozen")
    assert world.hosts() == set(), "the worker that woke up did not clean up after itself"
    assert not OwnedObject.objects.exists()


def test_a_revoke_after_a_takeover_is_confirmed_only_when_all_is_quiet(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    with transaction.atomic():
        ran_out = timezone.now() - timedelta(seconds=1)
        Slice.objects.update(lease_until=ran_out, holder="dead")
    world.converge("heir")
    grant.refresh_from_db()
    assert world.hosts() == set()
    assert grant.confirmed_at is None
    row = world.slice()
    assert row.problem_reason == "Settling"
    assert row.due_at == row.quiet_at
    world.make_due()
    world.converge("heir")
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert Grant.objects.count() == 1
