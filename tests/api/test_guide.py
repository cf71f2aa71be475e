"""The examples of docs/api.md do what they say."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from egress.models import Namespace, Person, Request
from tests.api.calling import Caller, in_session

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def commands() -> list[str]:
    """Return the curl commands of the guide, in their order."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("curl ")]


def carried_out(command: str, variables: dict[str, str]) -> Any:
    """Do what curl would do, against this portal."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command)
    assert words[:2] == ["curl", "-sf"]
    address, headers, body = words[2], {}, None
    for option, value in zip(words[3::2], words[4::2], strict=True):
        if option == "-H":
            name, _, said = value.partition(": ")
            headers[name] = said
        else:
            assert option == "-d"
            body = value.encode()
    caller, path = Caller(), address.removeprefix("http://portal")
    kind = headers.pop("Content-Type", "")
    if body is None:
        return caller.client.get(path, headers=headers)
    return caller.call("POST", path, body, headers=headers, content_type=kind)


def test_every_example_works_from_the_first_to_the_last(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    variables = {"PORTAL": "http://portal"}
    for name, who in (("TOKEN", owner), ("APPROVER", alice)):
        body = {"name": name, "scopes": ["read", "request", "decide"], "days": 1}
        variables[name] = in_session(who).post("/tokens/", body).json()["secret"]
    examples, first = commands(), None
    assert len(examples) >= 10
    for command in examples:
        if first is not None:
            command = command.replace("/requests/1/", f"/requests/{first}/")
            command = command.replace('"request": 2', f'"request": {first + 1}')
        answer = carried_out(command.replace("wait=1", "wait=0"), variables)
        assert answer.status_code in (200, 201), (command, getattr(answer, "content", ""))
        if first is None and Request.objects.exists():
            first = Request.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert set(Request.objects.values_list("status", flat=True)) == {"denied"}
