"""The recorded cases, and what must happen between them that was not recorded."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.calling import (
    ADMIN_TOKEN,
    APPLY,
    ENTRIES,
    NOBODY_TOKEN,
    Call,
    Reply,
    apply,
    entry,
)

ROOT = Path(__file__).resolve().parents[2]
TOKENS = {
    "admin": ADMIN_TOKEN,
    "a user without rights": NOBODY_TOKEN,
    "a wrong token": "token-of-a-stranger",
    "nobody (no token)": None,
}
# The recording keeps the answers of these requests, not the requests.
BODIES = {"body is not JSON": b"{not json", "wrong content type": b"hello"}
OURS = {"app.kubernetes.io/managed-by": "egress-portal"}


def folder() -> Path:
    """Return where the recordings are; skips the test when they are absent."""
    path = ROOT / os.environ.get("EGRESS_RECORDINGS", "../shared/kubernetes")
    if not path.is_dir():
        reason = f"No recordings at {path}; set EGRESS_RECORDINGS."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def recorded(name: str) -> Any:
    """Return a recording; skips the test when it is absent."""
    return json.loads((folder() / name).read_text())


@dataclass
class Replay:
    """Sends recorded requests to a sandbox and translates names between the two."""

    call: Call
    names: dict[str, str] = field(default_factory=dict)

    def send(self, case: dict[str, Any]) -> Reply:
        """Send a case's request as this sandbox needs it, and learn from its answer."""
        request = case.get("request") or self._unrecorded(case["case"])
        body = request.get("body")
        if isinstance(body, dict):
            body = json.loads(self.translated(json.dumps(body)))
        reply = self.call(
            request["method"],
            self.translated(request["path"]),
            BODIES.get(case["case"], body),
            request.get("contentType", ""),
            TOKENS[request.get("as", "admin")],
            request.get("accept", ""),
        )
        self.learn(case["response"].get("body"), reply.body)
        return reply

    def _unrecorded(self, name: str) -> dict[str, Any]:
        if name == "annotations over 256 KiB":
            body = entry("big")
            body["metadata"]["annotations"] = {"a": "x" * 262_144}
            return {"method": "POST", "path": ENTRIES, "body": body, **_JSON}
        ports = [{"number": n, "name": f"p{n}", "protocol": "TCP"} for n in range(1, 301)]
        big = f"{ENTRIES}/big2?fieldManager=egress-portal"
        body = entry("big2", ports=ports)
        return {"method": "PATCH", "path": big, "body": body, "contentType": APPLY}

    def learn(self, theirs: Any, ours: Any) -> None:
        """Note which uid, version, name and token of ours stands for the recorded one."""
        if isinstance(theirs, list) and isinstance(ours, list):
            for one, other in zip(theirs, ours, strict=False):
                self.learn(one, other)
        if not isinstance(theirs, dict) or not isinstance(ours, dict):
            return
        metadata, real = theirs.get("metadata") or {}, ours.get("metadata") or {}
        for key in ("uid", "name", "continue", "resourceVersion"):
            old, new = metadata.get(key), real.get(key)
            if old and new and old != new:
                self.names[old if key != "resourceVersion" else f"({old})"] = (
                    new if key != "resourceVersion" else f"({new})"
                )
        self.learn(theirs.get("items"), ours.get("items"))

    def translated(self, text: str) -> str:
        """Return a recorded text with this sandbox's uids, names and tokens."""
        for old, new in self.names.items():
            text = text.replace(old, new)
        return text

    def before(self, case: dict[str, Any]) -> None:
        """Do what the recorder did between two cases without recording it."""
        if case["case"] == "delete":
            made = apply(self.call, entry("two"))
            self.names[case["request"]["body"]["preconditions"]["uid"]] = made.body["metadata"][
                "uid"
            ]
        if case["case"] == "list, first page of 3":
            elsewhere = {"metadata": {"name": "elsewhere"}}
            self.call("POST", "/api/v1/namespaces", elsewhere)
            other = entry("other")
            other["metadata"]["namespace"] = "elsewhere"
            self.call("POST", ENTRIES.replace("/default/", "/elsewhere/"), other)
            for number in range(7):
                page = entry(f"page-{number}", hosts=[f"p{number}.example.com"], exportTo=["."])
                page["metadata"]["labels"] = OURS | {"set": "odd" if number % 2 else "even"}
                apply(self.call, page)


_JSON = {"contentType": "application/json"}
