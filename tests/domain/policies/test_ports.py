"""Ports of Istio are refused, ports of control are reviewed."""

import pytest

from egress.domain.policies import Level
from tests.domain.examples import findings, reasons, to


@pytest.mark.parametrize("port", [15000, 15001, 15021, 15090, 15099])
def test_a_port_of_istio_is_refused(port: int) -> None:
    assert "PortReserved" in reasons(findings(to("a.example.com", port)), Level.BLOCK)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    assert "PortOutOfRange" in reasons(findings(to("a.example.com", port)), Level.BLOCK)


@pytest.mark.parametrize("port", [22, 25, 3389, 6443, 10250])
def test_a_port_of_control_needs_two_approvers(port: int) -> None:
    assert "PortOfControl" in reasons(findings(to("a.example.com", port)), Level.REVIEW)


@pytest.mark.parametrize("port", [1, 443, 14999, 15100, 65535])
def test_another_port_is_not_remarked(port: int) -> None:
    assert not {r for r in reasons(findings(to("a.example.com", port))) if r.startswith("Port")}
