"""Whole files of grants and the whole YAML that they give, byte for byte (`tests/golden`).

What cannot be enforced gives its refusal instead (`refused.txt`).
"""

from pathlib import Path

import pytest
import yaml

from egress.domain.grants_file import GrantsFileError, parse_grants_file, render_grants_file
from egress.domain.manifests.check import check_object
from egress.domain.objects import to_yaml

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
FOLDERS = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())
REFUSED = [name for name in FOLDERS if (GOLDEN / name / "refused.txt").exists()]
CASES = [name for name in FOLDERS if name not in REFUSED]


def rendered(case: str) -> str:
    """The YAML for the grants of a case."""
    parsed = parse_grants_file((GOLDEN / case / "grants.yaml").read_text(encoding="utf-8"))
    return to_yaml(render_grants_file(parsed))


def test_the_cases_of_the_specification_are_there() -> None:
    assert {"http", "tls", "tls-origination", "default-deny"} <= set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_case_gives_its_expected_bytes(case: str) -> None:
    assert rendered(case) == (GOLDEN / case / "expected.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", REFUSED)
def test_a_case_that_cannot_be_enforced_says_why(case: str) -> None:
    with pytest.raises(GrantsFileError) as refusal:
        rendered(case)
    assert f"{refusal.value}\n" == (GOLDEN / case / "refused.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_the_expected_yaml_reads_back_as_sound_objects(case: str) -> None:
    objects = list(
        yaml.safe_load_all((GOLDEN / case / "expected.yaml").read_text(encoding="utf-8"))
    )
    assert objects
    assert [problem for obj in objects for problem in check_object(obj)] == []
