"""One request in the words of other tools: curl, kubectl, YAML."""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from egress.domain.objects import ObjectKey
from egress.models import Request
from egress.selectors.grants import GrantProgress
from egress.services.requests import Preview
from egress.web.forms.request import TypedRequest


@dataclass(frozen=True)
class Copies:
    """The request in the words of other tools; each is empty where there is nothing to say."""

    curl: str
    kubectl: str
    yaml: str


def copies_of(request: Request, seen: Preview, grants: Sequence[GrantProgress] = ()) -> Copies:
    """Return the request as a curl line, as the YAML of its objects, and as kubectl lines.

    Those read the objects that would be written, as `seen`, or that were written for `grants`.
    """
    place, body = _call_of(request)
    curl = (
        f"curl -X POST {shlex.quote(f'{settings.PUBLIC_URL}/api/v1/{place}')} \\\n"
        '  -H "Authorization: Bearer $EGRESS_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )
    lines = dict.fromkeys([*map(_line, seen.objects), *_of_steps(grants)])
    return Copies(curl, "\n".join(lines), seen.yaml)


def _call_of(request: Request) -> tuple[str, dict[str, Any]]:
    """Return where the API takes such a request, and the body."""
    draft = TypedRequest.of_request(request).draft()
    why = {"reason": draft.reason, "duration_days": draft.duration_days}
    if request.adopts_digest:
        adopted = request.adoption
        names = ("kind", "namespace", "name", "uid", "resource_version")
        body = {name: getattr(adopted, name) for name in names}
        return f"clusters/{draft.cluster}/foreign/adopt/", {**body, **why}
    return "requests/", {
        "cluster": draft.cluster,
        "namespace": draft.namespace,
        "service_account": draft.service_account,
        "destinations": [vars(destination) for destination in draft.destinations],
        "ticket": draft.ticket,
        **why,
    }


def _of_steps(grants: Iterable[GrantProgress]) -> Iterator[str]:
    for entry in grants:
        for step in entry.steps:
            if step.action != "delete":
                yield _line(ObjectKey(step.api_version, step.kind, step.namespace, step.name))


def _line(key: ObjectKey) -> str:
    group = key.api_version.partition("/")[0] if "/" in key.api_version else ""
    resource = f"{key.kind}.{group}".rstrip(".").lower()
    return f"kubectl -n {shlex.quote(key.namespace)} get {resource} {shlex.quote(key.name)} -o yaml"
