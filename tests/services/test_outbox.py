"""The outbox is part of the change that it announces."""

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from pytest_django import DjangoCaptureOnCommitCallbacks

from egress.models import Priority, Slice
from egress.services import outbox
from tests import factories
from tests.services.world import World


def test_a_namespace_key_goes_there_and_back() -> None:
    assert outbox.namespace_of(outbox.namespace_key("shop")) == "shop"
    for wrong in ("shop", "host:example.com", "namespace:", ""):
        with pytest.raises(ValueError, match="not the key"):
            outbox.namespace_of(wrong)


def test_the_bell_rings_after_the_commit_and_once_per_mark(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        world.mark("shop")
        assert world.rung == []
    assert world.rung == [world.cluster.pk]


def test_a_change_that_is_rolled_back_leaves_nothing_due(world: World) -> None:
    with transaction.atomic():
        world.mark("shop")
        transaction.set_rollback(True)
    assert not Slice.objects.exists()


def test_a_change_raises_what_is_wanted_each_time(world: World) -> None:
    for _ in range(3):
        world.mark("shop", Priority.GRANT)
    assert world.slice().wanted == 3


def test_a_settled_slice_takes_the_priority_of_what_comes_next(world: World) -> None:
    world.mark("shop", Priority.REVOKE, "a revoke")
    world.converge()
    world.mark("shop", Priority.DRIFT, "drift")
    assert (world.slice().priority, world.slice().cause) == (Priority.DRIFT, "drift")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_can_be_marked() -> None:
    with pytest.raises(TransactionManagementError):
        outbox.mark_dirty(
            cluster=factories.cluster(), keys=["namespace:shop"], priority=Priority.GRANT, cause=""
        )
