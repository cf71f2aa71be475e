"""An https server on this machine that keeps what it is sent, for tests of what is called."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from egress.sandbox.tls import Authority


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, body.decode()))  # type: ignore[attr-defined]
        self.server.headers.append(dict(self.headers))  # type: ignore[attr-defined]
        status = int(self.path.strip("/").partition("/")[0] or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """An https server whose certificate is believed.

    `taken` is what it got: paths, which begin with the status it answers, and bodies; `headers`
    is what came along.
    """
    authority = Authority.create()
    bundle = tmp_path / "ca.pem"
    bundle.write_text(authority.certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    context: ssl.SSLContext = authority.server_context(["127.0.0.1"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.taken, server.headers = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
