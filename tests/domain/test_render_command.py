"""`manage.py render`: YAML on stdout, or every problem on stderr and exit code 2."""

import io
import os
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "tls"


def outcome(capsys: pytest.CaptureFixture[str], name: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of rendering a file."""
    code = 0
    try:
        call_command("render", name)
    except SystemExit as end:
        code = int(str(end.code))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_file_is_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    expected = (GOLDEN / "expected.yaml").read_text()
    assert outcome(capsys, str(GOLDEN / "grants.yaml")) == (0, expected, "")


def test_standard_input_is_rendered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO((GOLDEN / "grants.yaml").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert outcome(capsys, "-") == (0, (GOLDEN / "expected.yaml").read_text(), "")


def test_all_problems_are_listed_with_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("cluster: {colour: blue}\ngrants: [{}]\n")
    code, out, err = outcome(capsys, str(file))
    assert (code, out) == (2, "")
    assert [line.startswith(f"{file}: line ") for line in err.splitlines()] == [True] * 3


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0byte"])
def test_a_file_that_cannot_be_read_is_a_clear_error(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = outcome(capsys, os.path.join(tmp_path, name))
    assert (code, out) == (2, "")
    assert "cannot be read" in err
    assert "Traceback" not in err


def test_a_file_that_is_not_text_is_a_clear_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "binary"
    file.write_bytes(b"\xff\xfe\x00grants")
    assert "not UTF-8" in outcome(capsys, str(file))[2]
