"""Every error has one shape, whatever went wrong and wherever."""

from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.exceptions import ErrorDetail

from egress.api import problems
from egress.api.problems import flat_errors, problem_response, status_of
from egress.models import Namespace, Person
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, ServiceError, Unavailable
from tests.api.calling import V1, Caller, in_session, problem, wish

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refused, 422), (NotAllowed, 403), (Conflict, 409), (Missing, 404), (Unavailable, 503)],
)
def test_each_refusal_has_its_status(error: type[ServiceError], status: int) -> None:
    assert status_of(error("No.")) == status
    assert status_of(type("Narrower", (error,), {})("No.")) == status


def test_an_unknown_refusal_is_the_callers_fault() -> None:
    answer = problem_response(ServiceError("No.", reason="Strange"), {})
    assert answer is not None
    assert (answer.status_code, answer.data["reason"]) == (400, "Strange")


def test_field_errors_are_flattened_to_paths() -> None:
    detail = {
        "a": [ErrorDetail("Wrong.")],
        "b": [{}, {"c": ["Bad.", "Worse."]}, {"non_field_errors": ["No object."]}],
        "non_field_errors": ["All of it."],
        "d": {"0": {"e": "One."}},
    }
    assert dict(flat_errors(detail)) == {
        "a": ["Wrong."],
        "b.1.c": ["Bad.", "Worse."],
        "b.2": ["No object."],
        "": ["All of it."],
        "d.0.e": ["One."],
    }


def test_a_problem_names_the_request_for_the_log(owner: Person) -> None:
    caller = Caller(owner)
    answers = [
        caller.get("/requests/424242/", headers={"X-Request-ID": "forged"}) for _ in range(2)
    ]
    ids = {problem(answer, 404, "NotFound")["request_id"] for answer in answers}
    assert len(ids) == 2
    assert all(UUID(text) for text in ids), "callers cannot choose what the log says"


@pytest.mark.parametrize("body", [b"{", b"", b"{'a': 1}", b"\xff", b'{"a": 1, "a": 1}', b"[NaN]"])
def test_malformed_json_is_400(owner: Person, body: bytes) -> None:
    answer = Caller(owner).post("/requests/", body)
    if body:
        assert "not JSON" in problem(answer, 400, "BadRequest")["detail"]
    else:
        problem(answer, 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_another_content_type_is_415(owner: Person, kind: str) -> None:
    problem(Caller(owner).post("/requests/", b"{}", content_type=kind), 415)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: nonsense\r\n\r\n"),
        ("multipart/form-data; boundary=" + "x" * 500, b"x"),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(2_000))),
        ("application/json; charset=\udcff", b"{}"),
        ("nonsense", b"{}"),
        ("", b"{}"),
    ],
)
def test_a_form_breaks_neither_tokens_nor_the_csrf_check_of_sessions(
    owner: Person, kind: str, body: bytes
) -> None:
    for caller in (Caller(owner), in_session(owner), in_session(owner, checks_csrf=True)):
        answer = caller.post("/requests/", body, content_type=kind)
        assert answer.status_code in {400, 403, 415, 422}, answer.content
        problem(answer, answer.status_code)


@pytest.mark.parametrize("accept", ["", "*", "/", "a/b;q=x", "application/json; indent=9" * 50])
def test_no_accept_header_breaks_anything(owner: Person, accept: str) -> None:
    answer = Caller(owner).get("/me/", headers={"Accept": accept})
    assert answer.status_code in {200, 406}


def test_too_many_parameters_are_400(owner: Person) -> None:
    query = "&".join(f"x{number}=1" for number in range(2_000))
    for path in ("/api/v1/requests/", "/api/v1/me/", "/api/schema/"):
        answer = Caller(owner).get(f"{path}?{query}")
        if answer.status_code != 200:
            problem(answer, 400)


def test_no_answer_is_kept_on_the_way(owner: Person) -> None:
    caller = Caller(owner)
    for answer in (caller.get("/me/"), caller.get("/requests/0/"), Caller().get("/me/")):
        assert answer["Cache-Control"] == "no-store"


def test_another_charset_is_not_guessed(owner: Person) -> None:
    kind = "application/json; charset=utf-16"
    problem(Caller(owner).post("/requests/", "{}".encode("utf-16"), content_type=kind), 400)


def test_a_body_that_is_too_large_is_413_for_tokens_and_sessions(
    shop: Namespace, owner: Person
) -> None:
    body = wish(shop, reason="x" * 1_100_000)
    for caller in (Caller(owner), in_session(owner)):
        problem(caller.post("/requests/", body), 413, "BodyTooLarge")


def test_a_deep_body_is_400(owner: Person) -> None:
    for body in (b"[" * 500_000, b"[" * 17 + b"]" * 17):
        assert "nested" in problem(Caller(owner).post("/requests/", body), 400)["detail"]


def test_a_hostile_body_does_not_make_a_huge_answer(owner: Person) -> None:
    body = {f"{'x' * 1000}{number}": number for number in range(900)}
    answer = Caller(owner).post("/requests/", body)
    assert len(problem(answer, 422)["errors"]) <= 100
    assert len(answer.content) < 60_000


def test_an_answer_in_another_format_is_not_there(owner: Person) -> None:
    problem(Caller(owner).get("/requests/", headers={"Accept": "text/html"}), 406)
    problem(Caller(owner).get("/requests/", {"format": "api"}), 422)


def test_a_database_that_does_not_answer_is_503(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(owner)

    def locked(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("egress.api.queries.requests_for", locked)
    answer = caller.get("/requests/")
    assert problem(answer, 503, "DatabaseUnavailable")["detail"]
    assert answer["Retry-After"] == "5"
    assert b"locked" not in answer.content


def test_a_bug_is_a_500_in_the_same_shape_without_details(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(owner)

    def broken(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("egress.api.queries.requests_for", broken)
    answer = caller.get("/requests/")
    assert problem(answer, 500)["request_id"]
    assert b"secret detail" not in answer.content


def test_a_wrong_host_header_is_400_in_the_same_shape() -> None:
    client = Client(raise_request_exception=False)
    problem(client.get(f"{V1}/me/", headers={"Host": "evil.example"}), 400)
    page = client.get("/", headers={"Host": "evil.example"})
    assert page["Content-Type"].startswith("text/html")


def test_pages_keep_their_own_errors(owner: Person) -> None:
    answer = in_session(owner).client.get("/no-such-page")
    assert (answer.status_code, answer["Content-Type"][:9]) == (404, "text/html")


def test_the_sentences_name_no_internals() -> None:
    assert all(sentence.endswith(".") for sentence in problems.SENTENCES.values())
