"""What the recorded answers of a real API server mean to us, and that secrets are cut out."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.answers import Deed, clean, lost, refused, says_absent
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.transport import Answer, TransportError

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / os.environ.get("EGRESS_RECORDINGS", "../shared/kubernetes")

EXPECTED: dict[str, tuple[Fault, bool]] = {
    "not found path": (Fault.NOT_FOUND, False),
    "not found group": (Fault.NOT_FOUND, False),
    "namespace of an object absent": (Fault.NOT_FOUND, False),
    "no token": (Fault.FORBIDDEN, False),
    "wrong token": (Fault.UNAUTHORIZED, False),
    "forbidden": (Fault.FORBIDDEN, False),
    "forbidden write": (Fault.FORBIDDEN, False),
    "create again": (Fault.ALREADY_EXISTS, False),
    "apply meets a conflict": (Fault.CONFLICT, False),
    "forced apply with another object's uid": (Fault.CONFLICT, False),
    "forced apply with a uid, object absent": (Fault.CONFLICT, False),
    "apply without force onto it": (Fault.CONFLICT, False),
    "apply without fieldManager is refused": (Fault.INVALID, False),
    "apply with a name that differs from the path": (Fault.INVALID, False),
    "schema: wrong type": (Fault.INVALID, False),
    "schema: enum": (Fault.INVALID, False),
    "schema: required field absent": (Fault.INVALID, False),
    "schema: unknown field, fieldValidation=Strict": (Fault.INVALID, False),
    "rule (CEL): port name twice": (Fault.INVALID, False),
    "rule (CEL): CIDR with DNS": (Fault.INVALID, False),
    "body is not JSON": (Fault.INVALID, False),
    "wrong content type": (Fault.INVALID, False),
    "put with an old resourceVersion": (Fault.CONFLICT, False),
    "delete with a wrong uid": (Fault.CONFLICT, False),
    "delete with an old resourceVersion": (Fault.CONFLICT, False),
    "list with a bad continue token": (Fault.INVALID, False),
}


def recorded() -> dict[str, dict[str, Any]]:
    path = RECORDINGS / "api-server-1.36.json"
    if not path.exists():
        pytest.skip(f'The recordings are not here. Set EGRESS_RECORDINGS (now "{RECORDINGS}").')
    return {case["case"]: case["response"] for case in json.loads(path.read_text())}


def answer(response: dict[str, Any]) -> Answer:
    body = response.get("body")
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(response["status"], {}, text.encode())


@pytest.mark.parametrize("case", EXPECTED)
def test_a_recorded_refusal_has_one_meaning(case: str) -> None:
    response = recorded()[case]
    error = refused(answer(response), Deed("write it", writes=True))
    assert (error.fault, error.outcome_unknown) == EXPECTED[case]
    assert not error.retryable
    assert error.status == response["status"]


def test_only_the_recorded_answer_about_the_object_says_that_it_is_absent() -> None:
    cases = recorded()
    kind = kinds.SERVICE_ENTRY
    assert says_absent(answer(cases["not found object"]), kind, "absent")
    assert says_absent(answer(cases["delete again"]), kind, "two")
    assert not says_absent(answer(cases["not found object"]), kind, "other")
    assert not says_absent(answer(cases["not found path"]), kind, "absent")
    assert not says_absent(answer(cases["namespace of an object absent"]), kind, "absent")
    assert not says_absent(answer(cases["forbidden"]), kind, "absent")


def test_a_date_in_retry_after_becomes_seconds() -> None:
    now = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)
    reply = Answer(503, {"retry-after": "Sat, 21 Nov 2026 10:00:42 GMT"}, b"")
    assert refused(reply, Deed("read it"), now).retry_after == 42.0


def test_a_servers_words_are_trimmed_to_one_line_without_secrets() -> None:
    for secret in (
        "Authorization: Bearer CANARY.abc",
        "eyJhbGciOiJSUzI1NiJ9.CANARY.sig",
        "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY",
    ):
        text = clean(f"it failed\x00\r\n with {secret} and more")
        assert "CANARY" not in text
        assert "\n" not in text
        assert text.startswith("it failed with ")
    assert len(clean("x" * 100_000)) == 400


def test_only_a_write_that_was_sent_may_have_happened() -> None:
    def outcome(*, sent: bool, writes: bool) -> bool:
        error = TransportError("The connection broke.", Fault.UNREACHABLE, sent=sent)
        return lost(error, Deed("do it", writes=writes)).outcome_unknown

    assert outcome(sent=True, writes=True)
    assert not outcome(sent=False, writes=True)
    assert not outcome(sent=True, writes=False)


def test_a_cluster_error_can_be_raised_caught_and_kept_in_a_set() -> None:
    error = ClusterError("No.", Fault.CONFLICT)
    assert str(error) == "No."
    assert {error} == {error}
