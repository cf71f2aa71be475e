"""What slices should hold is rendered again exactly where something it comes from has changed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.models import (
    Cluster,
    Grant,
    HostAssignment,
    Namespace,
    Request,
    RequestDestination,
    ServiceAccount,
)
from egress.services.convergence.expected import Expected, Hashes
from egress.services.convergence.inputs import (
    DESTINATION_FIELDS,
    GRANT_FIELDS,
    REQUEST_FIELDS,
)
from egress.services.convergence.loading import Book
from tests.services.world import World


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many slices were rendered, call by call."""
    calls: list[int] = []
    real = Book.open.__func__  # type: ignore[attr-defined]

    def counted(cls: type[Book], cluster: Cluster, keys: list[object], *more: object) -> Book:
        calls.append(len(keys))
        made: Book = real(cls, cluster, keys, *more)
        return made

    monkeypatch.setattr(Book, "open", classmethod(counted))
    return calls


def look(world: World, known: Expected) -> dict[str, Hashes]:
    """Return what is expected now, and check it against a look without any memory."""
    cluster = Cluster.objects.get(pk=world.cluster.pk)
    keys = list(cluster.slices.values_list("key", flat=True))
    found = known.refresh(cluster, keys)
    assert found == Expected().refresh(cluster, keys)
    return found


def test_nothing_is_rendered_again_while_nothing_changes(world: World, rendered: list[int]) -> None:
    world.deliver("api.example.com")
    known = Expected()
    cluster = Cluster.objects.get(pk=world.cluster.pk)
    keys = list(cluster.slices.values_list("key", flat=True))
    first = known.refresh(cluster, keys)
    del rendered[:]
    assert [known.refresh(cluster, keys) for _ in range(5)] == [first] * 5
    assert rendered == []
    assert any(first.values())


def end(world: World) -> None:
    Grant.objects.update(status="revoked", ended_at=timezone.now())


def change_the_port(world: World) -> None:
    Grant.objects.update(port=8443)


def tamper_with_the_decision(world: World) -> None:
    RequestDestination.objects.update(verdict="denied")


def withdraw_the_request(world: World) -> None:
    Request.objects.update(status="withdrawn")


def make_the_namespace_again(world: World) -> None:
    Namespace.objects.filter(name="shop").update(uid="another")


def decide_default_deny(world: World) -> None:
    Namespace.objects.filter(name="shop").update(default_deny=True)


def change_the_mesh(world: World) -> None:
    Cluster.objects.update(egress_namespace="elsewhere", enforcement="gateway")


@pytest.mark.parametrize(
    "change",
    [
        end,
        change_the_port,
        tamper_with_the_decision,
        withdraw_the_request,
        make_the_namespace_again,
        decide_default_deny,
        change_the_mesh,
    ],
)
def test_a_change_that_nobody_announced_is_seen_at_once(world: World, change: object) -> None:
    world.deliver("api.example.com")
    known = Expected()
    before = look(world, known)
    change(world)  # type: ignore[operator]
    assert look(world, known) != before


def test_a_grant_that_runs_out_is_expected_no_longer(world: World) -> None:
    grant = world.deliver("api.example.com")
    known = Expected()
    Grant.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert any(look(world, known).values())
    later = timezone.now() + timedelta(hours=2)
    with pytest.MonkeyPatch.context() as patched:
        for place in ("expected", "loading"):
            name = f"egress.services.convergence.{place}.trusted_now"
            patched.setattr(name, lambda: later)
        assert not any(look(world, known).values())
    assert grant.pk
    assert any(look(world, known).values())


def test_an_account_that_comes_opens_its_door(gated: World) -> None:
    gated.deliver("api.example.com")
    known = Expected()
    before = look(gated, known)
    row = gated.namespace("shop")
    ServiceAccount.objects.create(namespace=row, name="new", uid="u9", seen_at=timezone.now())
    after = look(gated, known)
    assert after["host:api.example.com"] != before["host:api.example.com"]


def test_a_host_that_moves_to_another_gateway_is_seen(gated: World) -> None:
    gated.deliver("api.example.com")
    known = Expected()
    Cluster.objects.update(gateways=[{"id": "main"}, {"id": "b"}])
    before = look(gated, known)
    HostAssignment.objects.update(gateway="b")
    assert look(gated, known) != before


NO_INPUT = {
    Grant: {
        "granted_by",
        "active_at",
        "ended_at",
        "end_reason",
        "applied_at",
        "drifted_at",
        "failed_reason",
        "failed_message",
    },
    Request: {
        "id",
        "reason",
        "ticket",
        "findings",
        "risk",
        "created_at",
        "edited_at",
        "lapses_at",
        "decided_at",
        "decided_by",
        "decision_note",
        "reminded_at",
        "escalated_at",
    },
    RequestDestination: {"id"},
}
"""Fields that neither rendering nor a binding looks at."""


@pytest.mark.parametrize(
    ("model", "read"),
    [(Grant, GRANT_FIELDS), (Request, REQUEST_FIELDS), (RequestDestination, DESTINATION_FIELDS)],
)
def test_no_field_of_a_decision_is_forgotten(model: type[Grant], read: tuple[str, ...]) -> None:
    fields = {field.attname for field in model._meta.concrete_fields}
    assert fields == set(read) | NO_INPUT[model]
