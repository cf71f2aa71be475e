"""Calling an address as somebody, and what the answer means, in one letter.

| letter | the answer | |
| --- | --- | --- |
| s | shown | 200, or htmx's 286 |
| d | done | a change was made, or its page follows |
| r | led elsewhere | to another page, to read |
| ? | sign in again | this needs a password typed lately |
| > | sign in | to the sign-in page; 401 for programs |
| x | refused | 403, or to the sign-in of the database's rows, which refuses all but superusers |
| - | hidden | 404 |
| c | conflict | 409: they may, but it is too late or too early |
| v | not accepted | 400 or 422: they may, but what they sent cannot be |
| u | unavailable | 503: they may, but the cluster does not answer |
"""

from typing import Any

from tests.matrix.routes import Route

SIGN_IN, AGAIN = "/sign-in?", "/account/confirm"
ROWS_SIGN_IN = "/administration/rows/login/"
BY_STATUS = {
    401: ">",
    403: "x",
    404: "-",
    405: "m",
    400: "v",
    409: "c",
    422: "v",
    503: "u",
}


def letter(route: Route, method: str, answer: Any) -> str:
    """Return the letter for an answer; the status itself for one that has none."""
    status = _status_within(answer)
    to = answer.headers.get("Location", "") or answer.headers.get("HX-Redirect", "")
    if to and status in (200, 301, 302):
        if f"{to}?".startswith(SIGN_IN):
            return ">"
        if to.startswith(AGAIN):
            return "?"
        if to.startswith(ROWS_SIGN_IN):
            return "x"
        return "r" if method == "GET" else "d"
    if status in (200, 201, 204, 286):
        return "s" if method == "GET" else "d"
    return BY_STATUS.get(status, str(status))


def _status_within(answer: Any) -> int:
    """Return the status of the answer, or of the one thing it was about among many."""
    status: int = answer.status_code
    is_json = answer.headers.get("Content-Type") == "application/json"
    if status == 200 and is_json and not answer.streaming:
        told = answer.json()
        results = told.get("results") if isinstance(told, dict) else None
        first = results[0] if results and isinstance(results, list) else None
        if isinstance(first, dict) and first.get("problem"):
            status = first["problem"]["status"]
    return status
