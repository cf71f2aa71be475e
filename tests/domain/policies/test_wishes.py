"""A wish has to be reviewable and must not contradict itself."""

from dataclasses import replace

from egress.domain.access import Protocol
from egress.domain.policies import Level, Limits
from tests.domain.examples import findings, reasons, to


def test_a_wish_without_destination_is_refused() -> None:
    assert reasons(findings(), Level.BLOCK) == {"NoDestination"}


def test_a_wish_that_nobody_could_review_is_refused_without_judging_each() -> None:
    many = [to(f"h{n}.otherns") for n in range(60)]
    found = findings(*many, limits=Limits(max_destinations=3))
    assert "TooManyDestinations" in reasons(found, Level.BLOCK)
    assert len(found) < 10


def test_the_same_destination_twice_is_refused_at_the_second_one() -> None:
    found = findings(to("a.example.com"), to("b.example.com"), to("a.example.com"))
    (finding,) = (f for f in found if f.level is Level.BLOCK)
    assert (finding.reason, finding.field) == ("DestinationRepeated", "destinations.2")


def test_one_port_in_two_protocols_is_refused() -> None:
    host = "a.example.com"
    found = findings(to(host, 80, Protocol.HTTP), to(host, 80, Protocol.HTTP, True))
    (finding,) = (f for f in found if f.level is Level.BLOCK)
    assert (finding.reason, finding.field) == ("ProtocolConflict", "destinations.1.protocol")


def test_two_ports_of_one_host_are_fine_and_its_remarks_come_once() -> None:
    found = findings(to("x.cloudfront.net", 443), to("x.cloudfront.net", 8443))
    assert reasons(found, Level.BLOCK) == set()
    assert [f.field for f in found if f.reason == "SharedHost"] == ["destinations.0.host"]


def test_one_destination_under_two_aliases_is_one_too_many() -> None:
    mirror = to("a.example.com", 80, Protocol.HTTP)
    found = findings(replace(mirror, alias="one"), replace(mirror, alias="two"))
    (finding,) = (f for f in found if f.level is Level.BLOCK)
    assert (finding.reason, finding.field) == ("DestinationRepeated", "destinations.1")
