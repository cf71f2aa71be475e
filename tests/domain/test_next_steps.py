"""Whatever fails, somebody is told what to do."""

import re
from pathlib import Path

import pytest

from egress.cluster.errors import Fault
from egress.domain.next_steps import next_step

CONVERGENCE = Path("egress/services/convergence")
PAGES = {"foreign", "cluster", "clone", ""}


@pytest.mark.parametrize("reason", [*map(str, Fault), "ForeignObject", "Tampered", "", "Unheard"])
def test_there_is_always_a_next_step(reason: str) -> None:
    step = next_step(reason)
    assert step.words.endswith(".")
    assert step.page in PAGES


@pytest.mark.parametrize(
    ("reason", "page"),
    [
        ("ForeignObject", "foreign"),
        ("HostTaken", "foreign"),
        ("PostureBlocks", "cluster"),
        ("Unreachable", "cluster"),
        ("Forbidden", "cluster"),
        ("SubjectGone", "clone"),
        ("Invalid", "clone"),
    ],
)
def test_the_next_step_leads_to_the_page_that_helps(reason: str, page: str) -> None:
    assert next_step(reason).page == page


def test_the_reasons_it_knows_are_those_that_the_worker_gives() -> None:
    code = "".join(path.read_text() for path in CONVERGENCE.glob("*.py"))
    given = set(re.findall(r'"([A-Z][A-Za-z]+)"', code)) | set(map(str, Fault))
    general = next_step("Unheard")
    for reason in ("ForeignObject", "HostTaken", "PostureBlocks", "GatewayHidden", "Tampered"):
        assert reason in given
        assert next_step(reason) != general
