"""What a terminal gets to see."""

import sys

import pytest
import yaml

from kubectl_egress import output
from tests.clients.hands import URL, Hands, InProcess, answer

TRICK = "fine\x1b[2K\x1b[1Gapi.example.com\u202emoc\x9b31m\nNAME"
ROW = {"id": 7, "status": "pending", "reason": TRICK, "destinations": []}


def show(wire: InProcess, form: str) -> str:
    wire.troubles = [lambda sent: answer(sent, 200, dict(ROW))]
    hands = Hands(wire, {"EGRESS_PORTAL_URL": URL, "EGRESS_PORTAL_TOKEN": "egp_x"})
    return hands("show", "7", "-o", form).out


@pytest.mark.parametrize("form", output.FORMATS)
def test_what_somebody_wrote_cannot_move_the_cursor_or_turn_text_round(
    wire: InProcess, form: str
) -> None:
    assert not set(show(wire, form)) & set("\x1b\x9b\u202e")


def test_a_table_keeps_to_one_line_for_a_value(wire: InProcess) -> None:
    (line,) = [line for line in show(wire, "table").splitlines() if line.startswith("Reason:")]
    assert line.split(maxsplit=1)[1] == (
        "fine\\u001b[2K\\u001b[1Gapi.example.com\\u202emoc\\u009b31m NAME"
    )


def test_yaml_says_the_same(wire: InProcess) -> None:
    assert yaml.safe_load(show(wire, "yaml"))["reason"] == TRICK


def test_colours_are_for_terminals_of_those_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert not output.has_colours()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert output.has_colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.has_colours()


def test_an_unknown_command_and_a_wrong_word_end_with_two(wire: InProcess) -> None:
    hands = Hands(wire)
    for words in (["fly"], ["show"], ["show", "x/1"], ["approve", "grant/1"], ["list", "-o", "x"]):
        assert "Usage: kubectl egress" in hands(*words, code=2).err
    assert hands("version").out.startswith("kubectl-egress ")
    assert wire.sent == []
