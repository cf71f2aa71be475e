"""How far the cluster carries the way of a grant, object by object."""

from collections.abc import Iterable

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import ObjectKey
from egress.models import DeliveryStep, Grant, Namespace, OwnedObject, Slice
from egress.selectors.paths import GrantPath, ObjectState, path_of_grant
from egress.services import audit
from egress.services.audit import Tag
from egress.services.convergence.record import ACTOR
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(shop: Namespace) -> Grant:
    """An active grant of two objects: the mesh originates TLS for it."""
    return factories.grant(shop, port=80, protocol="HTTP", tls_origination=True)


def own(grant: Grant, keys: Iterable[ObjectKey], **fields: object) -> None:
    part, _ = Slice.objects.get_or_create(
        cluster=grant.cluster, key="namespace:shop", defaults={"due_at": timezone.now()}
    )
    for key in keys:
        OwnedObject.objects.create(
            cluster=grant.cluster, slice=part, **vars(key), **{"uid": "1", **fields}
        )


def states(grant: Grant, steps: Iterable[DeliveryStep] = ()) -> dict[str, ObjectState]:
    return {key.kind: state for key, state in path_of_grant(grant, steps).states.items()}


def keys(grant: Grant) -> list[ObjectKey]:
    found: GrantPath = path_of_grant(grant)
    return list(found.path.manifests)


def test_what_was_written_is_applied(grant: Grant) -> None:
    own(grant, keys(grant))
    assert states(grant) == {"ServiceEntry": "applied", "DestinationRule": "applied"}


def test_what_is_gone_from_the_cluster_is_missing(grant: Grant) -> None:
    own(grant, [key for key in keys(grant) if key.kind == "ServiceEntry"])
    assert states(grant) == {"ServiceEntry": "applied", "DestinationRule": "missing"}


def test_what_nobody_wrote_yet_waits(shop: Namespace) -> None:
    waiting = factories.grant(shop, status=GrantStatus.PENDING)
    assert states(waiting) == {"ServiceEntry": "waiting"}


def test_a_write_under_way_is_not_applied_yet(grant: Grant) -> None:
    own(grant, keys(grant), intent_hash="about to be written")
    assert set(states(grant).values()) == {"waiting"}


def test_what_could_not_be_written_failed(shop: Namespace) -> None:
    failed = factories.grant(shop, status=GrantStatus.PENDING, failed_reason="ForeignObject")
    assert states(failed) == {"ServiceEntry": "failed"}


def test_the_latest_write_of_an_object_counts(grant: Grant) -> None:
    own(grant, keys(grant))
    rule = next(key for key in keys(grant) if key.kind == "DestinationRule")
    refused, written = (
        DeliveryStep(**vars(rule), result=result)
        for result in (DeliveryStep.Result.FAILED, DeliveryStep.Result.WRITTEN)
    )
    assert states(grant, [refused, written])["DestinationRule"] == "failed"
    assert states(grant, [written, refused])["DestinationRule"] == "applied"


def test_drift_marks_the_object_that_was_changed(grant: Grant) -> None:
    own(grant, keys(grant))
    grant.drifted_at = timezone.now()
    assert set(states(grant).values()) == {"drifted"}, "nobody said which"
    rule = next(key for key in keys(grant) if key.kind == "DestinationRule")
    audit.record(
        tag=Tag.DRIFT_FOUND,
        actor=ACTOR,
        target="slice",
        target_id="1",
        cluster="main",
        namespace="shop",
        message="Somebody changed it.",
        data={"objects": [str(rule)]},
    )
    assert states(grant) == {"ServiceEntry": "applied", "DestinationRule": "drifted"}


def test_a_suspended_grant_has_its_objects_taken_out(shop: Namespace) -> None:
    suspended = factories.grant(shop, status=GrantStatus.SUSPENDED)
    assert states(suspended) == {"ServiceEntry": "suspended"}


def test_what_belongs_to_the_cluster_needs_no_row(shop: Namespace) -> None:
    type(shop.cluster).objects.update(enforcement="gateway", istio_version="1.30.2")
    shop.refresh_from_db()
    found = states(factories.grant(shop, status=GrantStatus.PENDING))
    assert found["AuthorizationPolicy"] == "fixed"
    assert found["ServiceEntry"] == "waiting"


def test_a_default_deny_that_is_not_there_yet_is_nothing_missing(
    shop: Namespace, grant: Grant
) -> None:
    own(grant, keys(grant))
    Namespace.objects.filter(pk=shop.pk).update(default_deny=True)
    assert states(grant)["Sidecar"] == "waiting"
