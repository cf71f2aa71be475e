"""A delivery that ends early gives its slice back, so that others go on at once."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError

from egress.models import Delivery, OwnedObject
from egress.services.convergence import record, stopping
from tests.services.convergence.crashing import watched
from tests.services.world import World, assert_chain_is_valid


def test_a_worker_that_is_stopped_gives_back_what_is_not_done(world: World) -> None:
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


def test_a_slice_is_given_back_when_the_database_went_away_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = world.approve("api.example.com")
    honest, failures = record.note, iter([OperationalError("the connection is lost")])

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
