"""A POST that is sent twice is done once."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from egress.models import IdempotencyKey, Person
from egress.services.errors import Conflict, Refused
from egress.services.requests import begin_anew_after_looking
from egress.services.sign_in import claims_read_for

HEADER = "Idempotency-Key"
MAX_LENGTH = 200
KEPT = timedelta(days=7)
"""How long answers are kept. A retry after that is a new request."""
WAIT_SECONDS = 5
"""How long a retry waits for the first one to end before it is told to come back."""

PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        f"Up to {MAX_LENGTH} printable ASCII characters of your choice, such as a UUID. The same"
        " key with the same body does the work once and gets the first answer again, for"
        f" {KEPT.days} days. With another body it is refused (422). Refused work and dry runs are"
        " not kept."
    ),
)
Handler = Callable[..., Response]


def idempotent(handler: Handler, *, unkept: Iterable[str] = ()) -> Handler:
    """Make a POST handler honour `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

    Key, work and stored answer are one transaction: a process killed in the middle leaves
    nothing behind, so that the retry does the work. `unkept` names fields of the answer that are
    too secret to be stored; a replay has them empty.
    """

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None or _is_dry_run(request.data):
            return handler(view, request, *args, **kwargs)
        _refuse_unfit(key)
        fingerprint = _fingerprint(request, request.data)
        return _once(
            view.person, key, fingerprint, lambda: handler(view, request, *args, **kwargs), unkept
        )

    once.is_idempotent = True  # type: ignore[attr-defined]
    return once


def repeatable(handler: Handler) -> Handler:
    """Mark a POST handler that may be repeated: it changes nothing, or uses `once_of_row`."""
    handler.is_idempotent = True  # type: ignore[attr-defined]
    return handler


def once_of_row(view: Any, number: int, row: Any, deed: Callable[[], Response]) -> Response:
    """Do one row of a call that has many, as if it had been sent alone with a key of its own.

    That key comes from the call's and the row's number: a retry goes on where the first call
    stopped.
    """
    key = view.request.headers.get(HEADER)
    if key is None:
        return deed()
    _refuse_unfit(key)
    own = hashlib.sha256(f"{key}\n{number}".encode()).hexdigest()
    return _once(view.person, f"row:{own}", _fingerprint(view.request, row), deed)


def _once(
    owner: Person,
    key: str,
    fingerprint: str,
    deed: Callable[[], Response],
    unkept: Iterable[str] = (),
) -> Response:
    @transaction.atomic
    def work() -> Response:
        row = _claim(owner, key, fingerprint)
        if row is None:
            return _stored(owner, key, fingerprint)
        answer = deed()
        row.status, row.body = answer.status_code, _without(unkept, answer.data)
        row.save(update_fields=["status", "body"])
        return answer

    # The key is a lock, too: neither a cluster nor a provider is waited for while it is held.
    with claims_read_for(owner):
        return begin_anew_after_looking(work)


def _is_dry_run(data: Any) -> bool:
    return isinstance(data, dict) and data.get("dry_run") is True


def _refuse_unfit(key: str) -> None:
    if not (key and key.isascii() and key.isprintable() and len(key) <= MAX_LENGTH):
        raise Refused(
            f"{HEADER} has to be 1 to {MAX_LENGTH} printable ASCII characters. Send a UUID, or"
            " leave the header out.",
            reason="KeyNotAccepted",
        )


def _claim(owner: Person, key: str, fingerprint: str) -> IdempotencyKey | None:
    """Take the key for this transaction. None when an earlier one has it.

    Raises Conflict when a request with this key is still running after WAIT_SECONDS.
    """
    now = timezone.now()
    IdempotencyKey.objects.filter(owner=owner, created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
            return IdempotencyKey.objects.create(
                owner=owner, key=key, fingerprint=fingerprint, created_at=now
            )
    except IntegrityError:
        return None
    except OperationalError as error:
        raise Conflict(
            f"A request with this {HEADER} is still running. Try again in a moment.",
            reason="StillRunning",
        ) from error


def _stored(owner: Person, key: str, fingerprint: str) -> Response:
    row = IdempotencyKey.objects.get(owner=owner, key=key)
    if row.fingerprint != fingerprint:
        raise Refused(
            f"This {HEADER} was used for another request. Send a new one.", reason="KeyReused"
        )
    return Response(row.body, status=row.status, headers={"Idempotent-Replay": "true"})


def _fingerprint(request: Request, data: Any) -> str:
    body = json.dumps(data, sort_keys=True)
    said = f"{request.method} {request.path}\n{body}"
    # An answer must not be read again by a token that could not have got it.
    limits = getattr(request.auth, "limits", None)
    if limits is not None:
        said += f"\n{sorted(limits.clusters)} {sorted(limits.namespaces)}"
    return hashlib.sha256(said.encode()).hexdigest()


def _without(unkept: Iterable[str], data: Any) -> Any:
    plain = json.loads(json.dumps(data, cls=JSONEncoder))
    for name in unkept:
        plain[name] = ""
    return plain
