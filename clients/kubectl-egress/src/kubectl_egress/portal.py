"""The portal's API over HTTP: one token, one host, problem details as failures."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from requests.auth import AuthBase

from kubectl_egress import __version__
from kubectl_egress.errors import Exit, Failure
from kubectl_egress.settings import Access

CONNECT_SECONDS = 5
RETRIES = 3
LONGEST_PAUSE = 10.0
MAX_PAGE = 200
_BUSY = frozenset({429, 502, 503, 504})
_EXITS = {401: Exit.NOT_ALLOWED, 403: Exit.NOT_ALLOWED, 404: Exit.MISSING}

pause = time.sleep
"""How to wait; tests put something quicker here."""


class Bearer(AuthBase):
    """Signs a call. An auth object keeps the library from taking a password out of a .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        prepared.headers["Authorization"] = f"Bearer {self._token}"
        return prepared


def new_session() -> requests.Session:
    """Return what sends; tests put their own in its place."""
    return requests.Session()


class Portal:
    """Calls the API of one portal. All paths are below `/api/v1/`."""

    def __init__(self, access: Access) -> None:
        if not access.token:
            message = f"You are not signed in to {access.url}. Run: kubectl egress login"
            raise Failure(message, Exit.NOT_ALLOWED)
        self.access = access
        self.session = new_session()
        self.session.auth = Bearer(access.token)
        self.session.headers["User-Agent"] = f"kubectl-egress/{__version__}"
        self.session.headers["Accept"] = "application/json"
        # A proxy would read what goes over plain http, the token included.
        self.session.trust_env = access.url.startswith("https://")

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what is at `path`. Raises Failure."""
        asked = urlencode({name: value for name, value in (query or {}).items() if value != ""})
        return self._body(self._send("GET", path + (f"?{asked}" if asked else "")))

    def look(self, path: str, seconds: int) -> tuple[dict[str, Any], bool]:
        """Return what is at `path`, and whether the portal held the answer until it changed.

        It does so for `seconds` at most, and not at all when too many wait. Raises Failure.
        """
        answer = self._send("GET", path + (f"?wait={seconds}" if seconds > 0 else ""))
        return self._body(answer), answer.headers.get("Preference-Applied") == "wait"

    def post(self, path: str, body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
        """Return the answer to a POST. Raises Failure.

        It carries an Idempotency-Key, so that sending it again after a lost connection does not do
        it again.
        """
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._body(self._send("POST", path, body, headers))

    def rows(self, path: str, query: Mapping[str, Any], limit: int) -> tuple[list[Any], bool]:
        """Return up to `limit` rows of a list, and whether there are more."""
        found: list[Any] = []
        asked = {**query, "limit": str(min(limit, MAX_PAGE))}
        for page in self._pages(path, asked):
            found += page.get("results") or []
            if len(found) >= limit:
                return found[:limit], len(found) > limit or bool(page.get("next"))
        return found, False

    def link(self, path: str, query: list[tuple[str, str]] | None = None) -> str:
        """Return the address of a page for people."""
        return f"{self.access.url}/{path}" + (f"?{urlencode(query)}" if query else "")

    def _pages(self, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            page = self.get(path, query)
            yield page
            # Only the cursor is taken: the address it came with may name another host.
            cursor = parse_qs(urlsplit(str(page.get("next") or "")).query).get("cursor")
            if not cursor or cursor[0] == query.get("cursor"):
                return
            query = {**query, "cursor": cursor[0]}

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        for attempt in range(RETRIES + 1):
            is_last = attempt == RETRIES
            try:
                answer = self.session.request(
                    method,
                    f"{self.access.url}/api/v1/{path}",
                    json=body,
                    headers=headers,
                    timeout=(CONNECT_SECONDS, self.access.timeout),
                    # Here and not in the session, where the environment would overrule it.
                    verify=self.access.ca_file or True,
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError as error:
                self._untrusted(error)
            except (requests.ConnectionError, requests.Timeout) as error:
                if is_last:
                    self._unreachable(error)
                pause(0.5 * 2**attempt)
                continue
            except (requests.RequestException, ValueError, OSError) as error:
                self._unreachable(error)
            seconds = _seconds_to_wait(answer, attempt)
            if is_last or seconds is None:
                return answer
            pause(seconds)
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, error: Exception) -> NoReturn:
        kind = "did not answer in time" if isinstance(error, requests.Timeout) else "is not reached"
        message = f"The portal at {self.access.url} {kind}. Check the address and the network."
        raise Failure(message, Exit.UNREACHABLE) from error

    def _untrusted(self, error: Exception) -> NoReturn:
        message = (
            f"The certificate of {self.access.url} is not trusted. Name the company's authority"
            " with --ca-file."
        )
        raise Failure(message, Exit.UNREACHABLE) from error

    def _body(self, answer: requests.Response) -> dict[str, Any]:
        if 300 <= answer.status_code < 400:
            where = urlsplit(answer.headers.get("Location", ""))
            origin = f"{where.scheme}://{where.netloc.rpartition('@')[2]}" if where.netloc else ""
            message = f"The portal leads elsewhere{f', to {origin}' if origin else ''}. "
            message += "Your token is not sent there; give the right address with --portal."
            raise Failure(message, Exit.UNREACHABLE)
        try:
            body = answer.json()
        except ValueError:
            body = None
        if answer.ok and isinstance(body, dict):
            return body
        raise failure_of(answer.status_code, body)


def _seconds_to_wait(answer: requests.Response, attempt: int) -> float | None:
    """Return how long to wait before the same is sent again, None when it is final."""
    is_running = answer.status_code == 409 and '"StillRunning"' in answer.text
    if not (answer.status_code in _BUSY or is_running):
        return None
    asked = answer.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0.0
    seconds = max(seconds, 0.5 * 2**attempt)
    return seconds if seconds <= LONGEST_PAUSE else None


def failure_of(status: int, body: Any) -> Failure:
    """Return a refusal in sentences: what happened, then one line for each field."""
    if not isinstance(body, dict) or not isinstance(body.get("detail"), str):
        message = f"What answers is not the portal's API (status {status}). Check the address."
        return Failure(message, Exit.UNREACHABLE)
    fields = body.get("errors")
    details = [
        f"{name}: {sentence}" if name else str(sentence)
        for name, sentences in (fields.items() if isinstance(fields, dict) else ())
        for sentence in (sentences if isinstance(sentences, list) else [sentences])
    ]
    exit_code = _EXITS.get(status, Exit.REFUSED)
    if status >= 500 or status == 429:
        exit_code = Exit.UNREACHABLE
        details.append(f"Request id: {body.get('request_id') or 'unknown'}")
    message = body["detail"]
    if status == 401:
        message += " Then run: kubectl egress login"
    return Failure(message, exit_code, details, str(body.get("reason") or ""))
