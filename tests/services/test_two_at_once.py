"""Two people at once: exactly one wins, and everybody else is told.

Runs on whatever database EGRESS_DATABASE_URL names.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from egress.cluster.inventory import InventorySnapshot, NamespaceSnapshot
from egress.domain.access import Enforcement
from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.models import (
    AuditEvent,
    Cluster,
    Grant,
    Namespace,
    Person,
    Request,
    Role,
    RoleBinding,
    Slice,
)
from egress.selectors.people import active_admins
from egress.services import (
    audit,
    cluster_settings,
    clusters,
    grants,
    inventory,
    people,
    requests,
    tokens,
)
from egress.services.errors import Conflict, ServiceError
from tests import factories as make
from tests.services.at_once import at_once, winners
from tests.tries import tries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def rounds(hurried: int, of: int) -> int:
    """Return how often two try it; SQLite, where one writes at a time, shows little by many."""
    return tries(hurried if connection.vendor == "postgresql" else 3, of)


ROUNDS = rounds(12, of=30)
YES, NO = Verdict.APPROVED, Verdict.DENIED


def decide(request: Request, who: Person, verdict: Verdict = YES) -> Request:
    return requests.decide(
        request=request, actor=make.actor(who), revision=1, verdicts={0: verdict}, note="Because."
    )


def check_one_decision(request: Request, before: int, status: RequestStatus | None = None) -> None:
    """The request is decided once: one audit event, and one grant and intent if approved."""
    request.refresh_from_db()
    if status:
        assert request.status == status
    own = AuditEvent.objects.filter(target="request", target_id=str(request.pk))
    ends = own.filter(tag__in=["request:approved", "request:denied", "request:withdrawn"])
    assert ends.count() == 1
    approved = int(request.status == RequestStatus.APPROVED)
    assert Grant.objects.filter(request=request).count() == approved
    wanted = Slice.objects.values_list("wanted", flat=True).first() or 0
    assert wanted - before == approved


def wanted_now() -> int:
    return Slice.objects.values_list("wanted", flat=True).first() or 0


@pytest.mark.parametrize("second", ["approve", "deny", "withdraw"])
def test_two_approvers_at_once_make_one_decision(
    shop: Namespace, owner: Person, mate: Person, alice: Person, second: str
) -> None:
    for number in range(ROUNDS):
        request = make.request(shop, owner, f"h{number}.example.com")
        before = wanted_now()
        others: dict[str, Callable[[], Any]] = {
            "approve": partial(decide, request, alice),
            "deny": partial(decide, request, alice, NO),
            "withdraw": partial(requests.withdraw, request=request, actor=make.actor(owner)),
        }
        results = at_once([partial(decide, request, mate), others[second]])
        assert len(winners(results)) == 1, results
        loser = next(result for result in results if isinstance(result, ServiceError))
        assert isinstance(loser, Conflict)
        check_one_decision(request, before)
    assert audit.verify().ok


def test_eight_approvers_at_once_make_one_decision(shop: Namespace, owner: Person) -> None:
    approvers = [make.approver() for _ in range(8)]
    for number in range(rounds(5, of=10)):
        request = make.request(shop, owner, f"h{number}.example.com")
        before = wanted_now()
        results = at_once([partial(decide, request, who) for who in approvers])
        assert len(winners(results)) == 1, results
        check_one_decision(request, before, RequestStatus.APPROVED)
    assert audit.verify().ok


def test_two_needed_approvals_at_once_are_both_counted(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    for number in range(30):
        host = make.destination(f"h{number}.example.com", 22)
        request = make.request(shop, owner, host)
        results = at_once([partial(decide, request, mate), partial(decide, request, alice)])
        assert len(winners(results)) == 2, results
        request.refresh_from_db()
        assert request.status == RequestStatus.APPROVED, "one must have seen the other"
        assert request.grants.count() == 1


def test_an_edit_and_an_approval_at_once_never_open_what_was_not_read(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    for number in range(30):
        request = make.request(shop, owner, f"good{number}.example.com")
        edit = partial(
            requests.edit,
            request=request,
            draft=make.draft(shop, f"evil{number}.example.net"),
            actor=make.actor(owner),
            revision=1,
        )
        results = at_once([partial(decide, request, mate), edit])
        assert len(winners(results)) == 1, results
        opened = set(Grant.objects.filter(request=request).values_list("host", flat=True))
        assert opened <= {f"good{number}.example.com"}


def test_two_requests_for_the_same_access_open_one_grant(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    for number in range(30):
        first, second = (make.request(shop, owner, f"h{number}.example.com") for _ in range(2))
        results = at_once([partial(decide, first, mate), partial(decide, second, alice)])
        assert len(winners(results)) == 1, results
        assert Grant.objects.filter(host=f"h{number}.example.com").count() == 1
        assert Request.objects.filter(status=RequestStatus.PENDING, pk__in=[first.pk, second.pk])
        Request.objects.filter(status=RequestStatus.PENDING).update(status=RequestStatus.WITHDRAWN)


@pytest.mark.parametrize("other", ["revoke", "expire", "suspend", "renew"])
def test_a_grant_ends_once(
    shop: Namespace, owner: Person, mate: Person, alice: Person, other: str
) -> None:
    for number in range(rounds(8, of=20)):
        now = timezone.now()
        grant = make.grant(shop, owner, f"h{number}.example.com", expires_at=now)
        renewal = make.request(shop, owner, f"h{number}.example.com", renews=grant)
        others: dict[str, Callable[[], Any]] = {
            "revoke": partial(
                grants.revoke, grant=grant, actor=make.actor(alice), reason="I was first."
            ),
            "expire": partial(grants.expire_due, now=now),
            "suspend": partial(grants.suspend, grants=[grant], reason="Gone.", actor=grants.EXPIRY),
            "renew": partial(decide, renewal, mate),
        }
        revoke = partial(grants.revoke, grant=grant, actor=make.actor(owner), reason="Done.")
        at_once([revoke, others[other]])
        grant.refresh_from_db()
        assert not grant.is_live
        ended = AuditEvent.objects.filter(
            target="grant", target_id=str(grant.pk), tag__in=["grant:revoked", "grant:expired"]
        )
        assert ended.count() == 1
        assert grant.status in (GrantStatus.REVOKED, GrantStatus.EXPIRED)
    assert audit.verify().ok


def test_two_people_who_renew_at_once_make_one_request(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    colleague = make.person(teams=["team-shop"])
    for number in range(rounds(8, of=20)):
        grant = make.grant(shop, owner, f"h{number}.example.com")
        acts = [
            partial(
                requests.renew,
                grant=grant,
                actor=make.actor(who),
                reason="Needed.",
                duration_days=30,
            )
            for who in (owner, colleague)
        ]
        assert len(winners(at_once(acts))) == 1
        assert grant.renewals.count() == 1


def test_two_admins_who_unseat_each_other_leave_one(db: None) -> None:
    RoleBinding.objects.filter(role=Role.ADMIN).delete()
    for _ in range(rounds(8, of=20)):
        first, second = make.admin(), make.admin()
        acts: list[Callable[[], Any]] = [
            partial(people.unbind_role, binding=second.roles.get(), actor=make.actor(first)),
            partial(people.deactivate, person=first, actor=make.actor(second)),
        ]
        at_once(acts)
        assert active_admins().count() == 1
        RoleBinding.objects.all().delete()


def test_the_audit_chain_holds_when_many_write_at_once(shop: Namespace, owner: Person) -> None:
    request = make.request(shop, owner)
    comment = partial(
        requests.comment, request=request, actor=make.actor(owner), text="At the same time."
    )
    many = rounds(5, of=10)
    for _ in range(many):
        assert len(winners(at_once([comment] * 8))) == 8
    result = audit.verify()
    assert result.ok
    assert result.count == AuditEvent.objects.count() == many * 8


def test_an_account_that_is_being_closed_gets_no_token(db: None) -> None:
    admin = make.actor(make.admin())
    for _ in range(rounds(5, of=10)):
        person = make.person()
        make_one = partial(
            tokens.create,
            owner=person,
            name="ci",
            scopes=["read"],
            days=3,
            actor=make.actor(person),
        )
        at_once([make_one, partial(people.deactivate, person=person, actor=admin)])
        assert not person.tokens.filter(revoked_at__isnull=True).exists()


def test_two_admins_who_give_the_same_role_give_it_once(owner: Person) -> None:
    for _ in range(rounds(5, of=10)):
        give = partial(
            people.bind_role, role=Role.APPROVER, person=owner, actor=make.actor(make.admin())
        )
        assert len(winners(at_once([give, give, give]))) == 1
        assert owner.roles.count() == 1, "one taking away has to be enough"
        owner.roles.all().delete()


def test_closing_an_account_and_revoking_its_tokens_wait_for_no_one_in_a_ring(db: None) -> None:
    admin = make.admin()
    for _ in range(rounds(5, of=10)):
        person = make.person()
        made = [
            tokens.create(
                owner=person, name="ci", scopes=["read"], days=3, actor=make.actor(person)
            )[0]
            for _ in range(3)
        ]
        acts: list[Callable[[], Any]] = [
            partial(tokens.revoke, token=token, actor=make.actor(admin)) for token in made
        ]
        acts.append(partial(people.deactivate, person=person, actor=make.actor(admin)))
        at_once(acts)
        assert not person.tokens.filter(revoked_at__isnull=True).exists()


def test_an_approval_and_another_enforcement_at_once_never_both_happen(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    admin = make.actor(make.admin())
    for number in range(rounds(8, of=20)):
        request = make.request(shop, owner, f"h{number}.example.com")
        change = partial(
            clusters.set_namespace_enforcement,
            namespace=Namespace.objects.get(pk=shop.pk),
            enforcement=Enforcement.AMBIENT,
            actor=admin,
        )
        assert len(winners(at_once([partial(decide, request, mate), change]))) == 1
        Grant.objects.update(status=GrantStatus.REVOKED, ended_at=timezone.now())
        Namespace.objects.update(enforcement="")


@pytest.mark.parametrize("enforcement", ["gateway", "ambient", "sidecar"])
def test_two_namespaces_never_get_one_host_in_two_ways_at_once(
    shop: Namespace,
    payments: Namespace,
    owner: Person,
    stranger: Person,
    mate: Person,
    alice: Person,
    enforcement: str,
) -> None:
    """Each is fine alone, but they would share an entry; under `sidecar` only central ones do."""
    Cluster.objects.update(enforcement=enforcement, central_entries=enforcement == "sidecar")
    labels = {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "egress"}
    ambient = {"labels": labels, "injected": False} if enforcement == "ambient" else {}
    Namespace.objects.update(default_deny=True, **ambient)
    for number in range(ROUNDS // 4):
        host = f"h{number}.example.com"
        first = make.request(shop, owner, make.destination(host, 8443, "TLS"))
        second = make.request(payments, stranger, make.destination(host, 8443, "HTTP"))
        results = at_once([partial(decide, first, mate), partial(decide, second, alice)])
        assert len(winners(results)) == 1, results
        loser = next(result for result in results if isinstance(result, ServiceError))
        assert loser.reason == "ProtocolConflict"
        assert Grant.objects.filter(host=host).count() == 1
    assert audit.verify().ok


def test_approvals_and_other_settings_of_the_cluster_at_once_never_both_happen(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    admin = make.actor(make.admin())
    wanted = replace(cluster_settings.settings_of(shop.cluster), enforcement="ambient")
    for number in range(rounds(8, of=20)):
        request = make.request(shop, owner, f"h{number}.example.com")
        change = partial(
            cluster_settings.change, cluster=shop.cluster, settings=wanted, actor=admin
        )
        assert len(winners(at_once([partial(decide, request, mate), change]))) == 1
        Grant.objects.update(status=GrantStatus.REVOKED, ended_at=timezone.now())
        Cluster.objects.update(enforcement="sidecar")


def seen_namespace(name: str, uid: str, labels: dict[str, str]) -> NamespaceSnapshot:
    return NamespaceSnapshot(
        name=name,
        uid=uid,
        labels=labels,
        injected=True,
        ambient=False,
        revision="",
        terminating=False,
        service_accounts={},
        pods=1,
        uninjected_count=0,
        uninjected_pods=(),
    )


def test_approvals_and_a_sync_of_the_inventory_wait_for_no_one_in_a_ring(
    shop: Namespace, payments: Namespace, owner: Person, mate: Person
) -> None:
    for number in range(rounds(8, of=20)):
        request = make.request(shop, owner, f"h{number}.example.com")
        at = timezone.now()
        labels = {"egress-portal.io/owner": "team-shop", "turn": str(number)}
        present = {
            "kube-system": seen_namespace("kube-system", shop.cluster.uid, {}),
            "shop": seen_namespace("shop", shop.uid, labels),
        }
        seen = InventorySnapshot(present, at)
        sync = partial(inventory.sync, cluster=shop.cluster, snapshot=seen, now=at)
        assert len(winners(at_once([partial(decide, request, mate), sync]))) == 2
