"""Where a cluster says who may ask, anything but its plain yes, now, is a no."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from egress.cluster.errors import Fault
from egress.cluster.transport import Answer, TransportError
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import Grant, OwnershipAnswer, Person, Request
from egress.services import grants, requests
from egress.services.errors import Missing, NotAllowed, Refused, ServiceError, Unavailable
from egress.services.ownership import reviews
from tests import factories as make
from tests.services.connected import Connected, company_connected
from tests.services.ownership.reviewing import Reply, bind, by_review, lie, says
from tests.services.requests.test_sights import reaching, silent_server

pytestmark = pytest.mark.django_db
YES = {0: Verdict.APPROVED}
FINE = {"allowed": True}


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        by_review(made)
        yield made


@pytest.fixture
def dana(mesh: Connected) -> Person:
    """Somebody in no team, who may deploy in the shop by a binding of the cluster."""
    bind(mesh, "dana")
    return make.person("dana")


def submit(mesh: Connected, who: Person, host: str = "api.example.com") -> Request:
    return requests.submit(draft=make.draft(mesh.namespace(), host), actor=make.actor(who))


def decide(request: Request, who: Person) -> Request:
    return requests.decide(request=request, actor=make.actor(who), revision=1, verdicts=YES)


def _broken(fault: Fault) -> Reply:
    def reply(_: dict[str, Any]) -> Answer:
        raise TransportError("Nothing came.", fault, sent=True)

    return reply


FAULTS: dict[str, Reply] = {
    "500": says(FINE, 500),
    "403": says(FINE, 403),
    "429": says(FINE, 429),
    "a redirect": says(FINE, 302),
    "a time-out": _broken(Fault.TIMEOUT),
    "a broken connection": _broken(Fault.UNREACHABLE),
    "no JSON": lambda _: Answer(201, {}, b"allowed: true"),
    "half a body": lambda _: Answer(201, {}, b'{"status": {"allowed": true'),
    "a list": lambda _: Answer(201, {}, b'[{"status": {"allowed": true}}]'),
    "no status": says(None),
    "a status that is a text": says("allowed"),
    "an error of evaluation": says(FINE | {"evaluationError": "webhook did not answer"}),
    "denied": says(FINE | {"denied": True}),
    "denied by a text": says(FINE | {"denied": "true"}),
    "nothing said": says({}),
    "allowed by a text": says({"allowed": "true"}),
    "allowed by a number": says({"allowed": 1}),
    "allowed by null": says({"allowed": None}),
    "not allowed": says({"allowed": False, "reason": "no"}),
}


def test_who_may_deploy_there_may_ask_and_have_it_approved(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    assert decide(submit(mesh, dana), alice).status == RequestStatus.APPROVED


@pytest.mark.parametrize("fault", FAULTS)
def test_no_request_is_made_without_a_plain_yes(
    mesh: Connected, dana: Person, alice: Person, fault: str
) -> None:
    lie(mesh, FAULTS[fault])
    began = time.monotonic()
    with pytest.raises(ServiceError):
        submit(mesh, dana)
    assert time.monotonic() - began < 3
    assert not Request.objects.exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_request_is_approved_without_a_plain_yes(
    mesh: Connected, dana: Person, alice: Person, fault: str
) -> None:
    request = submit(mesh, dana)
    lie(mesh, FAULTS[fault])
    with pytest.raises((Refused, Unavailable)):
        decide(request, alice)
    request.refresh_from_db()
    assert request.is_pending
    assert not request.approvals.exists()
    assert not Grant.objects.exists()


def test_a_cluster_that_never_answers_a_review_costs_three_seconds_and_opens_nothing(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    request = submit(mesh, dana)
    with silent_server() as url:
        silent = reaching(url)._calls._transport
        lie(mesh, lambda sent: silent.request("POST", "/reviews", **sent))
        for deed in (lambda: submit(mesh, dana, "b.example.com"), lambda: decide(request, alice)):
            began = time.monotonic()
            with pytest.raises(Unavailable) as caught:
                deed()
            assert time.monotonic() - began <= 3
            assert caught.value.reason == "OwnershipNotReviewed"
    assert Request.objects.count() == 1
    assert not Grant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_cluster_is_asked_before_a_transaction_begins_and_once_for_each_deed(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    in_transaction: list[bool] = []
    lying = lie(mesh)
    inner = lying.inner

    def reply(sent: dict[str, Any]) -> Answer:
        in_transaction.append(connection.in_atomic_block)
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return inner.request("POST", path, **sent)

    lying.reply = reply
    request = submit(mesh, dana)
    draft = make.draft(mesh.namespace(), "api.example.com", reason="Other words.")
    requests.edit(request=request, draft=draft, actor=make.actor(dana), revision=1)
    requests.decide(request=request, actor=make.actor(alice), revision=2, verdicts=YES)
    grant = make.grant(mesh.namespace(), dana, host="b.example.com")
    requests.renew(grant=grant, actor=make.actor(dana), reason="Still.", duration_days=9)
    assert in_transaction == [False] * 4


def test_a_right_that_is_taken_after_the_page_was_loaded_counts(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    request = submit(mesh, dana)
    mesh.company.cluster.remove(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "deploys-dana", "namespace": "shop"},
        }
    )
    assert OwnershipAnswer.objects.get().allowed_until, "remembered, and worth nothing here"
    with pytest.raises(Refused, match="for you"):
        submit(mesh, dana, "b.example.com")
    with pytest.raises(Refused) as refused:
        decide(request, alice)
    assert refused.value.reason == "RequesterMayNotAsk"


def test_a_team_that_was_left_after_the_page_was_loaded_counts(
    mesh: Connected, alice: Person
) -> None:
    bind(mesh, "team-data", kind="Group")
    member = make.person(teams=["team-data"])
    request = submit(mesh, member)
    member.groups.clear()
    with pytest.raises(Refused, match="for you"):
        submit(mesh, member, "b.example.com")
    with pytest.raises(Refused):
        decide(request, alice)


def test_neither_renewal_nor_revoke_nor_edit_goes_by_what_is_remembered(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    grant = make.grant(mesh.namespace(), dana)
    pending = submit(mesh, dana, "b.example.com")
    lie(mesh, says({"allowed": False}))
    with pytest.raises((NotAllowed, Missing)):
        requests.renew(grant=grant, actor=make.actor(dana), reason="Still.", duration_days=9)
    with pytest.raises((NotAllowed, Missing)):
        grants.revoke(grant=grant, actor=make.actor(dana), reason="Over.")
    draft = make.draft(mesh.namespace(), "c.example.com")
    with pytest.raises(ServiceError):
        requests.edit(request=pending, draft=draft, actor=make.actor(dana), revision=1)
    grant.refresh_from_db()
    assert grant.is_live


def test_who_may_deploy_there_ends_its_grants(mesh: Connected, dana: Person) -> None:
    grant = make.grant(mesh.namespace(), make.person())
    assert not grants.revoke(grant=grant, actor=make.actor(dana), reason="Over.").is_live


def test_a_denial_asks_nobody(mesh: Connected, dana: Person, alice: Person) -> None:
    request = submit(mesh, dana)
    lying = lie(mesh, FAULTS["500"])
    done = requests.decide(
        request=request,
        actor=make.actor(alice),
        revision=1,
        verdicts={0: Verdict.DENIED},
        note="No.",
    )
    assert done.status == RequestStatus.DENIED
    assert not lying.asked


def test_where_a_team_owns_the_namespace_no_review_is_needed(
    mesh: Connected, owner: Person, alice: Person
) -> None:
    by_review(mesh, owner_by_label=True)
    mesh.cluster.namespaces.filter(name="shop").update(owner_label="team-shop")
    lying = lie(mesh, FAULTS["500"])
    assert decide(submit(mesh, owner), alice).status == RequestStatus.APPROVED
    assert not lying.asked


def test_where_reviews_do_not_count_nobody_is_asked(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    by_review(mesh, owner_by_review=False)
    lying = lie(mesh)
    with pytest.raises(Refused):
        submit(mesh, dana)
    assert not lying.asked


def test_a_namespace_that_was_made_again_is_not_the_one_that_is_asked_about(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    mesh.cluster.namespaces.filter(name="shop").update(uid="another")
    with pytest.raises(Refused):
        submit(mesh, dana)


def test_people_are_asked_about_under_the_names_that_are_set(
    mesh: Connected, dana: Person, alice: Person
) -> None:
    dana.groups.add(make.team("team-shop"), make.team("system:masters"))
    Person.objects.filter(pk=dana.pk).update(email="dana@example.com")
    lying = lie(mesh, says({"allowed": False}))
    answers = []
    for more in (
        {"review_user_prefix": "oidc:", "review_team_prefix": "corp:"},
        {"review_user": "email", "review_teams": False},
        {},
    ):
        by_review(mesh, **more)
        answers.append(reviews.ask(dana, mesh.namespace()))
        by_review(mesh, review_user="username", review_user_prefix="", review_team_prefix="")
    assert [(one["user"], one["groups"]) for one in lying.asked] == [
        ("oidc:dana", ["corp:system:masters", "corp:team-shop"]),
        ("dana@example.com", []),
        ("dana", []),
    ]
    assert {answer.allowed for answer in answers} == {False}
    assert lying.asked[0]["resourceAttributes"] == {
        "verb": "create",
        "group": "apps",
        "resource": "deployments",
        "namespace": "shop",
    }


@pytest.mark.parametrize(
    ("username", "email", "more"),
    [
        ("system:admin", "", {}),
        ("System:Admin", "", {}),
        ("x", "", {"review_user": "email"}),
        ("x", "shared@example.com", {"review_user": "email"}),
    ],
)
def test_nobody_is_asked_about_under_a_name_that_is_not_theirs_alone(
    mesh: Connected, username: str, email: str, more: dict[str, str]
) -> None:
    make.person(email="Shared@example.com")
    by_review(mesh, **more)
    lying = lie(mesh, says(FINE))
    answer = reviews.ask(make.person(username, email=email), mesh.namespace())
    assert not answer.allowed
    assert not lying.asked


def test_of_groups_those_of_kubernetes_itself_are_left_out(mesh: Connected) -> None:
    lying = lie(mesh, says({"allowed": False}))
    reviews.ask(make.person(teams=["system:masters", "team-shop"]), mesh.namespace())
    assert lying.asked[0]["groups"] == ["team-shop"]


def test_somebody_without_an_account_in_use_may_nothing(mesh: Connected, dana: Person) -> None:
    Person.objects.filter(pk=dana.pk).update(is_active=False)
    lying = lie(mesh, says(FINE))
    assert not reviews.ask(dana, mesh.namespace()).allowed
    assert not lying.asked
