"""How tests type commands: against the portal itself, in this process, without a socket."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from click.testing import CliRunner
from django.test import Client
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from kubectl_egress import __main__ as program

URL = "https://egress.example.com"
Trouble = Callable[[requests.PreparedRequest], Exception | requests.Response | None]


class InProcess(BaseAdapter):
    """Hands what `requests` would send to the portal in this process, and notes it.

    `troubles` are asked before, one for each call: an exception is raised, an answer is given
    instead of the portal's; `lost` says that the portal did the work and its answer was lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self.troubles: list[Trouble] = []
        self.lost = 0
        self.client = Client(raise_request_exception=False)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Return the portal's answer."""
        self.sent.append(request)
        self.options.append(options)
        trouble = self.troubles.pop(0)(request) if self.troubles else None
        if isinstance(trouble, Exception):
            raise trouble
        if trouble is not None:
            return trouble
        raw = request.body or b""
        told = self.client.generic(
            str(request.method),
            str(request.path_url),
            raw.encode() if isinstance(raw, str) else raw,
            content_type="application/json",
            headers=dict(request.headers),
        )
        if self.lost:
            self.lost -= 1
            raise requests.ConnectionError("the answer was lost")
        return answer(request, told.status_code, told.content, dict(told.headers))

    def close(self) -> None:
        """Have nothing to close."""


def answer(
    request: requests.PreparedRequest,
    status: int,
    body: bytes | dict[str, Any] = b"",
    headers: dict[str, str] | None = None,
) -> requests.Response:
    """Return an answer as `requests` would."""
    made = requests.Response()
    made.status_code, made.url, made.request = status, str(request.url), request
    made.headers.update(headers or {})
    raw = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    made.raw = HTTPResponse(raw, made.headers, status, preload_content=False)
    return made


@dataclass
class Told:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what was printed, read as JSON."""
        return json.loads(self.out)


@dataclass
class Hands:
    """Somebody at a command line. `typed` are the commands that were entered so far."""

    wire: InProcess
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, text: str = "", code: int | None = 0) -> Told:
        """Enter `kubectl egress WORDS` with `text` at standard input; expect an exit code."""
        runner = CliRunner(env=self.env)
        with runner.isolation(input=text) as streams:
            ended = program.run(words)
            out, err = (stream.getvalue().decode() for stream in streams[:2])
        told = Told(ended, out, err)
        assert code is None or told.code == code, f"{told.code}: {told.out}{told.err}"
        return told
