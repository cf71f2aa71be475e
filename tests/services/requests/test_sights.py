"""The live cluster is looked at before anybody asks or decides, and never under a lock."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from egress.cluster.credentials import Credentials
from egress.cluster.gateway import ClusterGateway
from egress.cluster.http_transport import HttpTransport
from egress.cluster.kube import KubeGateway
from egress.cluster.snapshot import read_snapshot
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.domain.policies import Finding, Level
from egress.domain.posture import Snapshot
from egress.models import AuditEvent, Cluster, Grant, Person, Request
from egress.services import gateways, requests
from egress.services.errors import Missing, NotAllowed, Refused
from egress.services.looking import LookNeededError, begin_anew_after_looking
from egress.services.requests import decisions, sights
from egress.services.requests.sights import Sight
from tests import factories as make
from tests.services.connected import GRANTED, Connected, company_connected

pytestmark = pytest.mark.django_db
YES, NO = {0: Verdict.APPROVED}, {0: Verdict.DENIED}
NOT_LOOKED = [("ClusterNotLooked", "warn", True)]


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        yield made


def submit(mesh: Connected, who: Person, *hosts: str) -> Request:
    draft = make.draft(mesh.namespace(), *(hosts or [GRANTED]))
    return requests.submit(draft=draft, actor=make.actor(who))


def edit(mesh: Connected, request: Request, who: Person) -> Request:
    draft = make.draft(mesh.namespace(), GRANTED, reason="Other words.")
    return requests.edit(request=request, draft=draft, actor=make.actor(who), revision=1)


def decide(request: Request, who: Person, verdicts: dict[int, Verdict] = YES) -> Request:
    return requests.decide(
        request=request, actor=make.actor(who), revision=1, verdicts=verdicts, note="Because."
    )


def renew(grant: Grant, who: Person) -> Request:
    return requests.renew(grant=grant, actor=make.actor(who), reason="Still.", duration_days=9)


def live_of(request: Request) -> list[tuple[str, str, bool]]:
    rows = [row for row in request.findings if row["live"]]
    return [(row["reason"], row["level"], row["live"]) for row in rows]


# --- what stands in the way ---------------------------------------------------------------------


def test_in_a_healthy_cluster_access_is_asked_for_and_approved(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    request = submit(mesh, owner)
    assert live_of(request) == []
    assert decide(request, alice).status == RequestStatus.APPROVED


def test_an_entry_of_somebody_else_refuses_the_request_beside_its_host(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    mesh.squat()
    with pytest.raises(Refused, match="data/squatter") as caught:
        submit(mesh, owner, "fine.example.com", GRANTED)
    assert caught.value.reason == "HostTaken"
    assert list(caught.value.fields) == ["destinations.1.host"]
    assert not Request.objects.exists()
    assert not AuditEvent.objects.exists()


def test_what_came_since_the_request_refuses_its_approval_and_not_its_denial(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    request = submit(mesh, owner, "fine.example.com", GRANTED)
    mesh.squat()
    with pytest.raises(Refused) as caught:
        decide(request, alice, YES | {1: Verdict.APPROVED})
    assert list(caught.value.fields) == ["destinations.1.host"]
    request.refresh_from_db()
    assert request.is_pending
    assert not request.approvals.exists()
    with pytest.raises(Refused) as caught:
        decide(request, alice, {0: Verdict.DENIED, 1: Verdict.APPROVED})
    assert list(caught.value.fields) == ["destinations.1.host"], "where it stands in the request"
    assert decide(request, alice, YES | {1: Verdict.DENIED}).status == RequestStatus.APPROVED
    assert Grant.objects.get().host == "fine.example.com"


def test_what_came_since_refuses_an_edit_and_a_renewal(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    request = submit(mesh, owner)
    grant = make.grant(mesh.namespace(), owner, host="b.example.com")
    mesh.squat()
    with pytest.raises(Refused) as caught:
        edit(mesh, request, owner)
    assert caught.value.reason == "HostTaken"
    request.refresh_from_db()
    assert request.revision == 1
    spec = {"hosts": ["b.example.com"], "exportTo": ["*"], "ports": []}
    mesh.company.plant("ServiceEntry", "data", "second", spec=spec)
    with pytest.raises(Refused) as caught:
        renew(grant, owner)
    assert caught.value.reason == "HostTaken"
    assert not grant.renewals.exists()


def test_a_service_that_has_the_name_of_an_alias_is_told_once(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    mesh.company.plant("Service", "shop", "mirror", spec={"ports": [{"port": 80}]})
    wanted = requests.DestinationDraft("www.example.com", 80, "HTTP", alias="mirror")
    draft = make.draft(mesh.namespace(), wanted)
    with pytest.raises(Refused) as caught:
        requests.submit(draft=draft, actor=make.actor(owner))
    assert caught.value.reason == "AliasTaken"
    assert len(caught.value.fields["destinations.0.alias"]) == 1


def test_a_live_finding_that_needs_a_review_needs_two_approvers(
    mesh: Connected, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, second = submit(mesh, owner), make.approver("second")
    strange = Finding("Strange", "Look twice.", Level.REVIEW, "namespace")
    monkeypatch.setattr(decisions, "look", lambda *_: Sight(told=(strange,)))
    assert decide(request, alice).is_pending
    assert decide(request, second).status == RequestStatus.APPROVED


# --- a cluster that does not answer -------------------------------------------------------------


def test_without_a_cluster_to_look_at_people_go_on_with_a_warning(
    shop: Any, owner: Person, alice: Person
) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert live_of(request) == NOT_LOOKED
    assert "looks again before it writes" in request.findings[-1]["message"]
    assert decide(request, alice).status == RequestStatus.APPROVED


def test_another_cluster_at_the_address_is_not_looked_at(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    submit(mesh, owner, "first.example.com")
    Cluster.objects.filter(pk=mesh.cluster.pk).update(uid="pinned-before")
    assert live_of(submit(mesh, owner)) == NOT_LOOKED


def test_a_cluster_that_stays_silent_costs_no_more_than_the_time_of_one_look(
    mesh: Connected, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sights, "SECONDS", 0.5)
    with silent_server() as url:
        for is_known in (False, True):
            gateways.forget_gateways()
            if is_known:
                # Connected when all was well, silent since.
                mesh.answers = mesh.company.cluster.gateway
                gateways.open_gateway(Cluster.objects.get(pk=mesh.cluster.pk))
                monkeypatch.setattr(mesh.answers, "_calls", reaching(url)._calls)
            else:
                mesh.answers = reaching(url)
            began = time.monotonic()
            assert live_of(submit(mesh, owner)) == NOT_LOOKED
            assert 0.4 < time.monotonic() - began < 3


def reaching(url: str) -> KubeGateway:
    credentials = Credentials(server=url, context="silent", method="token", token="t")
    return KubeGateway(HttpTransport(credentials), timeout=20)


@contextmanager
def silent_server() -> Iterator[str]:
    """Accept connections and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for each in kept:
                each.close()


# --- when it is looked, and when not ------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a transaction was open, for each look that was made."""
    made: list[bool] = []

    def watched(gateway: ClusterGateway, **more: Any) -> Snapshot:
        made.append(connection.in_atomic_block)
        return read_snapshot(gateway, **more)

    monkeypatch.setattr("egress.services.requests.sights.read_snapshot", watched)
    return made


@pytest.mark.django_db(transaction=True)
def test_every_look_is_made_before_a_transaction_begins(
    mesh: Connected, owner: Person, alice: Person, looks: list[bool]
) -> None:
    request = submit(mesh, owner)
    edit(mesh, request, owner)
    requests.decide(request=request, actor=make.actor(alice), revision=2, verdicts=YES)
    renew(make.grant(mesh.namespace(), owner, host="b.example.com"), owner)
    assert looks == [False] * 4


def test_a_denial_and_those_who_may_not_ask_cause_no_look(
    mesh: Connected, owner: Person, alice: Person, stranger: Person, looks: list[bool]
) -> None:
    request = make.request(mesh.namespace(), owner, GRANTED)
    grant = make.grant(mesh.namespace(), owner)
    acts: list[Callable[[], Any]] = [
        lambda: submit(mesh, stranger),
        lambda: submit(mesh, alice),
        lambda: edit(mesh, request, alice),
        lambda: decide(request, stranger),
        lambda: decide(request, owner),
        lambda: renew(grant, stranger),
        lambda: renew(grant, alice),
    ]
    for act in acts:
        with pytest.raises((NotAllowed, Missing, Refused)):
            act()
    decide(request, alice, NO)
    assert looks == []


def test_typing_does_not_cause_a_look_and_a_rehearsal_does(
    mesh: Connected, owner: Person, alice: Person, looks: list[bool]
) -> None:
    mesh.squat()
    draft = make.draft(mesh.namespace(), GRANTED)
    typed = requests.preview(draft=draft, actor=make.actor(owner))
    assert looks == []
    assert "HostTaken" not in {one.reason for one in typed.findings}
    rehearsed = requests.preview(draft=draft, actor=make.actor(owner), look_now=True)
    assert "HostTaken" in {one.reason for one in rehearsed.findings}
    assert rehearsed.yaml == ""


def test_the_page_of_a_request_repeats_what_the_cluster_said(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    mesh.company.plant("Sidecar", "shop", "one", spec={"outboundTrafficPolicy": {}})
    mesh.company.plant("Sidecar", "shop", "two", spec={"outboundTrafficPolicy": {}})
    request = submit(mesh, owner)
    assert ("SeveralSidecars", "warn", True) in live_of(request)
    said = requests.live_findings(request.findings)
    draft = make.draft(mesh.namespace(), GRANTED)
    seen = requests.preview(draft=draft, actor=make.actor(owner), live=said)
    assert set(said) <= set(seen.findings)
    broken = make.draft(mesh.namespace(), "not a host", GRANTED)
    requests.preview(draft=broken, actor=make.actor(owner), live=said)


def test_only_pods_that_matter_are_read(
    mesh: Connected, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = sights.look(mesh.cluster, "shop").snapshot
    assert seen is not None
    assert {pod.namespace for pod in seen.pods} == {"shop", "istio-egress"}


# --- work in a transaction of the caller's ------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_work_in_a_transaction_begins_anew_with_the_look_that_it_needed(
    mesh: Connected, owner: Person, alice: Person, looks: list[bool]
) -> None:
    begun: list[int] = []

    @transaction.atomic
    def work() -> Request:
        begun.append(Person.objects.filter(username="witness").count())
        make.person("witness")
        return submit(mesh, owner)

    request = begin_anew_after_looking(work)
    assert begun == [0, 0], "the first try left nothing behind"
    assert looks == [False]
    assert live_of(request) == []
    submit(mesh, owner, "later.example.com")
    assert looks == [False, False], "each piece of work has looks of its own"


def test_work_that_never_has_enough_looks_ends(mesh: Connected) -> None:
    names = iter(f"namespace-{number}" for number in range(100))
    with pytest.raises(LookNeededError):
        begin_anew_after_looking(lambda: sights.look(mesh.cluster, next(names)))
