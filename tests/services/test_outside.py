"""Whatever a name leads to: connections that people caused go to the public internet only."""

import socket
from typing import Any

import pytest

from egress.services import outside
from tests.domain.hostile_addresses import RESOLVED


def test_no_name_that_leads_inside_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in RESOLVED:
        is_v6 = ":" in address
        family = socket.AF_INET6 if is_v6 else socket.AF_INET
        place: Any = (address, 443, 0, 0) if is_v6 else (address, 443)
        found = [(family, socket.SOCK_STREAM, 6, "", place)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, found=found, **__: found)
        with outside.only(), pytest.raises(ConnectionRefusedError, match="not public"):
            socket.create_connection(("ci.example.com", 443), timeout=0.1)
        assert outside.was_refused(), address
