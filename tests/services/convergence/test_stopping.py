"""A delivery that ends early gives its slice back, so that others go on at once."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from pytest_django import Settings

from egress.cluster.errors import ClusterError, Fault
from egress.models import Delivery, Grant, OwnedObject
from egress.services.convergence import results, stopping, together
from egress.services.convergence.claim import Claim, ClaimLostError
from tests.services.convergence.crashing import watched
from tests.services.world import World, assert_chain_is_valid


def test_a_worker_that_is_stopped_gives_back_what_is_not_done(
    world: World, settings: Settings
) -> None:
    settings.REQUESTS_AT_ONCE = 1
    grants = [world.approve(f"api-{number}.example.com") for number in range(3)]

    def around(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "create":
            stopping.ask()
        return answer

    gateway = watched(world.sandbox.gateway, around)
    try:
        with mock.patch("egress.services.convergence.deliver.open_gateway", return_value=gateway):
            assert world.converge() == 1
        assert world.converge() == 0
    finally:
        stopping.forget()
    assert len(world.hosts()) == 1
    row = world.slice()
    assert (row.holder, row.lease_until, row.attempts) == ("", None, 0)
    assert world.converge("worker-2") == 1
    assert world.hosts() == {(grant.host, 443) for grant in grants}
    outcomes = Delivery.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["abandoned", "done"]
    assert_chain_is_valid()


def test_what_was_under_way_when_a_worker_was_stopped_is_on_record(world: World) -> None:
    for number in range(together.MOST + 4):
        world.approve(f"api-{number}.example.com")

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "create":
            stopping.ask()
        return call()

    gateway = watched(world.sandbox.gateway, around)
    try:
        with mock.patch("egress.services.convergence.deliver.open_gateway", return_value=gateway):
            assert world.converge() == 1
    finally:
        stopping.forget()
    assert len(world.hosts()) == together.MOST
    assert OwnedObject.objects.exclude(uid="").count() == together.MOST
    assert world.slice().holder == ""


def test_a_slice_is_given_back_when_the_database_went_away_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = world.approve("api.example.com")
    honest, failures = results.note, iter([OperationalError("the connection is lost")])

    def note(*arguments: Any, **options: Any) -> None:
        for failure in failures:
            raise failure
        honest(*arguments, **options)

    monkeypatch.setattr("egress.services.convergence.writing.note", note)
    with pytest.raises(OperationalError):
        world.converge()
    row = world.slice()
    assert (row.holder, row.problem_reason) == ("", "DatabaseUnavailable")
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert grant.status == "active"
    assert OwnedObject.objects.get().uid


@pytest.mark.parametrize("ending", ["stopped", "lease over"])
def test_a_write_without_an_answer_is_waited_for_however_its_delivery_ends(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    settings.REQUESTS_AT_ONCE = 1
    grants = [world.approve(f"api-{number}.example.com") for number in range(2)]
    sent: list[str] = []

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name != "create":
            return call()
        sent.append(name)
        if ending == "stopped":
            stopping.ask()
        raise ClusterError("No answer came.", Fault.TIMEOUT, retryable=True, outcome_unknown=True)

    def time_is_over(claim: Claim) -> None:
        if sent:
            raise ClaimLostError(str(claim))

    if ending == "lease over":
        monkeypatch.setattr(Claim, "require_time", time_is_over)
    gateway = watched(world.sandbox.gateway, around)
    try:
        with mock.patch("egress.services.convergence.deliver.open_gateway", return_value=gateway):
            world.converge()
    finally:
        stopping.forget()
    assert sent == ["create"]
    sent.clear()
    for grant in grants:
        world.revoke(grant)
    world.converge("worker-2")
    # What was sent may still arrive: nobody may say yet that it is gone for good.
    assert not Grant.objects.filter(confirmed_at__isnull=False).exists()
    world.settle(2)
    assert Grant.objects.filter(confirmed_at__isnull=False).count() == len(grants)
