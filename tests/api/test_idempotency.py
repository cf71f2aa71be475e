"""A POST that is sent twice with one key is done once."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from egress.api import idempotency
from egress.domain.lifecycle import GrantStatus
from egress.models import AuditEvent, Comment, Grant, IdempotencyKey, Namespace, Person, Request
from egress.services import audit
from tests import factories as make
from tests.api.calling import Caller, problem, wish
from tests.services.at_once import at_once

pytestmark = pytest.mark.django_db


def test_the_same_body_gets_the_stored_answer(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    first = caller.post("/requests/", wish(shop), key="deploy-1")
    events = AuditEvent.objects.count()
    again = caller.post("/requests/", wish(shop), key="deploy-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first
    assert Request.objects.count() == 1
    assert AuditEvent.objects.count() == events


def test_the_order_of_names_in_a_body_does_not_matter(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller, body = Caller(owner), wish(shop)
    caller.post("/requests/", body, key="k")
    turned = dict(reversed(list(body.items())))
    assert caller.post("/requests/", turned, key="k")["Idempotent-Replay"] == "true"


def test_another_body_or_another_address_under_the_same_key_is_refused(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    request = caller.post("/requests/", wish(shop), key="k").json()["id"]
    problem(caller.post("/requests/", wish(shop, "b.example.com"), key="k"), 422, "KeyReused")
    comment = caller.post(f"/requests/{request}/comments/", {"text": "Hello."}, key="k")
    problem(comment, 422, "KeyReused")
    assert Request.objects.count() == 1
    assert not Comment.objects.exists()


def test_two_people_may_use_the_same_key(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    for who, host in ((owner, "a.example.com"), (mate, "b.example.com")):
        answer = Caller(who).post("/requests/", wish(shop, host), key="k")
        assert answer.status_code == 201
        assert "Idempotent-Replay" not in answer


def test_two_tokens_of_one_person_share_their_keys(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    Caller(owner).post("/requests/", wish(shop), key="k")
    assert Caller(owner).post("/requests/", wish(shop), key="k")["Idempotent-Replay"] == "true"


def test_without_a_key_everything_is_done_again(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    for _ in range(2):
        assert caller.post("/requests/", wish(shop)).status_code == 201
    assert Request.objects.count() == 2


def test_refused_work_is_not_stored_and_may_succeed_later(shop: Namespace, owner: Person) -> None:
    caller = Caller(owner)
    problem(caller.post("/requests/", wish(shop), key="k"), 422, "NobodyCanApprove")
    problem(caller.post("/requests/", {"a": 1}, key="k"), 422)
    problem(caller.post("/requests/424242/withdraw/", key="k"), 404)
    assert not IdempotencyKey.objects.exists()
    make.approver()
    assert caller.post("/requests/", wish(shop), key="k").status_code == 201


def test_a_dry_run_is_neither_stored_nor_answered_from_the_store(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    for _ in range(2):
        rehearsed = caller.post("/requests/", wish(shop, dry_run=True), key="k")
        assert rehearsed.status_code == 200
        assert "Idempotent-Replay" not in rehearsed
    assert not IdempotencyKey.objects.exists()
    assert caller.post("/requests/", wish(shop), key="k").status_code == 201


def test_a_decision_and_a_revoke_are_repeated_without_a_conflict(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    request, caller = make.request(shop, owner), Caller(alice)
    for _ in range(2):
        answer = caller.post(f"/requests/{request.pk}/approve/", {"revision": 1}, key="yes")
        assert (answer.status_code, answer.json()["status"]) == (200, "approved")
    grant = Grant.objects.get()
    for _ in range(2):
        answer = caller.post(f"/grants/{grant.pk}/revoke/", {"reason": "Done."}, key="end")
        assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    assert AuditEvent.objects.filter(tag="grant:revoked").count() == 1


def test_a_token_without_the_scope_gets_no_stored_answer(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    Caller(owner, "request").post("/requests/", wish(shop), key="k")
    problem(Caller(owner, "read").post("/requests/", wish(shop), key="k"), 403, "ScopeMissing")


@pytest.mark.parametrize("key", ["", " ", "\0", "a\tb", "x" * 201, "\u00fc"])
def test_a_key_has_to_be_readable(shop: Namespace, owner: Person, alice: Person, key: str) -> None:
    answer = Caller(owner).post("/requests/", wish(shop), key=key)
    if key == " ":
        assert answer.status_code == 201, "a blank is printable"
    else:
        problem(answer, 422, "KeyNotAccepted")
        assert not Request.objects.exists()


def test_a_key_is_forgotten_after_a_week(shop: Namespace, owner: Person, alice: Person) -> None:
    caller = Caller(owner)
    caller.post("/requests/", wish(shop), key="k")
    IdempotencyKey.objects.update(
        created_at=timezone.now() - idempotency.KEPT + timedelta(minutes=1)
    )
    caller.post("/requests/", wish(shop), key="other")
    assert caller.post("/requests/", wish(shop), key="k")["Idempotent-Replay"] == "true"
    IdempotencyKey.objects.update(
        created_at=timezone.now() - idempotency.KEPT - timedelta(minutes=1)
    )
    assert "Idempotent-Replay" not in caller.post("/requests/", wish(shop), key="k")
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"k"}


def test_a_failure_in_the_middle_leaves_neither_key_nor_work(
    shop: Namespace, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(owner)
    with monkeypatch.context() as broken:
        broken.setattr(audit, "record_all", _explode)
        problem(caller.post("/requests/", wish(shop), key="k"), 500)
    assert not Request.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert caller.post("/requests/", wish(shop), key="k").status_code == 201


def test_a_failure_after_the_work_leaves_neither(
    shop: Namespace, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(owner)
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "_without", _explode)
        problem(caller.post("/requests/", wish(shop), key="k"), 500)
    assert not Request.objects.exists()
    assert caller.post("/requests/", wish(shop), key="k").status_code == 201


def _explode(*args: object, **kwargs: object) -> None:
    raise RuntimeError("killed in the middle")


# --- at the same moment -------------------------------------------------------------------------


def post(caller: Caller, body: dict[str, Any], key: str) -> Any:
    return caller.post("/requests/", body, key=key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(2, marks=pytest.mark.timeout(300)),
        pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1_200)]),
    ],
)
def test_thirty_two_at_once_make_one_request(
    shop: Namespace, owner: Person, alice: Person, rounds: int
) -> None:
    callers = [Caller(owner) for _ in range(32)]
    for round_ in range(rounds):
        Request.objects.all().delete()
        key, body = f"round-{round_}", wish(shop, f"r{round_}.example.com")
        answers: list[Any] = at_once([partial(post, caller, body, key) for caller in callers])
        statuses = {answer.status_code for answer in answers}
        assert statuses <= {201, 409}, [answer.content for answer in answers]
        made = [answer for answer in answers if answer.status_code == 201]
        assert sum("Idempotent-Replay" not in answer for answer in made) == 1
        assert len({answer.json()["id"] for answer in made}) == 1
        assert Request.objects.count() == 1
    assert audit.verify().ok


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_two_bodies_at_once_under_one_key_make_one_request(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    callers = [Caller(owner) for _ in range(8)]
    answers: list[Any] = at_once(
        [
            partial(post, each, wish(shop, f"h{n}.example.com"), "k")
            for n, each in enumerate(callers)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
    assert Request.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_many_keys_at_once_make_as_many_requests(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    answers: list[Any] = at_once(
        [partial(post, caller, wish(shop, f"h{n}.example.com"), f"k{n}") for n in range(16)]
    )
    assert [answer.status_code for answer in answers] == [201] * 16
    assert Request.objects.count() == 16


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_while_the_first_is_still_running_the_second_is_told_to_come_back(
    shop: Namespace, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 1)
    caller, answers = Caller(owner), []

    def retry() -> None:
        try:
            answers.append(caller.post("/requests/", wish(shop), key="k"))
        finally:
            connection.close()

    with transaction.atomic():
        IdempotencyKey.objects.create(
            owner=owner, key="k", fingerprint="", created_at=timezone.now()
        )
        retrying = threading.Thread(target=retry)
        retrying.start()
        retrying.join(30)
    assert not retrying.is_alive()
    problem(answers[0], 409, "StillRunning")
    assert not Request.objects.exists()


def test_a_stored_answer_is_not_rewritten_when_things_move_on(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    first = caller.post("/requests/", wish(shop), key="k").json()
    caller.post(f"/requests/{first['id']}/withdraw/")
    assert caller.post("/requests/", wish(shop), key="k").json()["status"] == "pending"
    assert not Grant.objects.filter(status=GrantStatus.ACTIVE).exists()
