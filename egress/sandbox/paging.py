"""Lists in pages: the tokens with which a caller goes on where the last page ended."""

from __future__ import annotations

import base64
import binascii
import json

from egress.sandbox import gojson
from egress.sandbox.errors import StatusError, bad_request

_FORM = "meta.k8s.io/v1"
INCONSISTENT = -1


def token(version: int, namespace: str, last: str, *, all_namespaces: bool) -> str:
    """Return the token behind the object `last`; `version` -1 goes on in the present state."""
    key = f"/{namespace}/{last}" if all_namespaces and namespace else f"/{last}"
    text = gojson.dumps({"v": _FORM, "rv": version, "start": f"{key}\0"})
    return base64.urlsafe_b64encode(text.replace(b"\x00", b"\\u0000")).rstrip(b"=").decode()


def read_token(text: str) -> tuple[int, str]:
    """Return version and the key behind which to go on.

    Raises StatusError (400) for a token that this server did not make.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        found = gojson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        why = str(error)
        if isinstance(error, binascii.Error):
            why = "illegal base64 data"
        raise _invalid(f"continue key is not valid: {why}") from error
    if not isinstance(found, dict) or found.get("v") != _FORM:
        raise _invalid("continue key is not valid: server does not recognize this encoded version")
    version, start = found.get("rv"), found.get("start")
    if not isinstance(version, int) or version == 0 or not isinstance(start, str):
        raise _invalid("continue key is not valid: incorrect encoded start resourceVersion")
    return version, start.removeprefix("/").removesuffix("\0")


def _invalid(why: str) -> StatusError:
    return bad_request(f"invalid continue token: {why}")


def too_old(version: int, start: str) -> StatusError:
    """410 for a token whose version is no longer kept; it brings a token to go on regardless."""
    key = json.dumps({"v": _FORM, "rv": INCONSISTENT, "start": f"/{start}\0"})
    going_on = base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()
    error = _ExpiredTokenError(
        410,
        "Expired",
        f"The provided continue parameter is too old to display a consistent list result "
        f"(version {version}). Start a new list without it, or go on with the token in this "
        "answer: objects that changed in between may then be missing or appear twice.",
    )
    error.going_on = going_on
    return error


class _ExpiredTokenError(StatusError):
    going_on = ""

    def body(self) -> dict[str, object]:
        return super().body() | {"metadata": {"continue": self.going_on}}
