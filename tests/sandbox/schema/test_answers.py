"""We answer word for word what a Kubernetes 1.36 API server answers.

`answers.jsonl` has one case a line: an object of ours, and what the server's own code for custom
resources (release 1.36.2, with Istio's and the Gateway API's CRDs) says about it: the error of an
apply that cannot be parsed, the unknown fields, and the causes of a refusal. The server walks maps
in no order, so causes and errors are compared as sets.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from egress.sandbox.schema import (
    prune,
    schema_of,
    structural_error,
    validate,
    with_defaults,
)

ANSWERS = [
    json.loads(line) for line in (Path(__file__).parent / "answers.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a['object']['kind']}: {a['case']}")
def test_we_say_what_the_server_says(answer: dict[str, Any]) -> None:
    obj = answer["object"]
    node = schema_of(obj["apiVersion"].partition("/")[0], obj["kind"])
    kept, warnings = prune(node, obj)
    assert warnings == [f'unknown field "{path}"' for path in answer["unknown"]]
    causes = validate(node, with_defaults(node, kept))
    assert sorted([cause.reason, cause.field, cause.message] for cause in causes) == sorted(
        answer["causes"]
    )
    assert lines(structural_error(node, obj)) == lines(answer["parse"])


def lines(error: str | None) -> list[str]:
    return sorted((error or "").split("\n"))


def test_checking_changes_nothing() -> None:
    for answer in ANSWERS:
        obj = answer["object"]
        before = json.dumps(obj)
        node = schema_of(obj["apiVersion"].partition("/")[0], obj["kind"])
        validate(node, with_defaults(node, prune(node, obj)[0]))
        structural_error(node, obj)
        assert json.dumps(obj) == before
