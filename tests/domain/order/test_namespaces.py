"""Leaving single namespaces out of what opens a host."""

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import KubeObject, content_hash
from egress.domain.order import opened_to, without_namespaces
from tests.domain.order.worlds import GATEWAY

TLS = Destination("a.example.com", 443, Protocol.TLS)
OBJECTS = GATEWAY.render(frozenset(Access(Subject(name), TLS) for name in ("default", "otherns")))


def one(suffix: str, kind: str) -> KubeObject:
    """The object of that kind whose name ends so."""
    (found,) = [o for o in OBJECTS if o["kind"] == kind and o["metadata"]["name"].endswith(suffix)]
    return found


ENTRY, LEG = one("", "ServiceEntry"), one("-mesh", "VirtualService")


def test_a_namespace_is_left_out_and_the_hash_says_so() -> None:
    for obj, left in ((ENTRY, [".", "otherns"]), (LEG, ["otherns"])):
        narrower = without_namespaces(obj, ["default"])
        assert narrower is not None
        assert narrower["spec"]["exportTo"] == left
        hashed = narrower["metadata"]["annotations"][CONTENT_HASH_ANNOTATION]
        assert hashed == content_hash(narrower) != content_hash(obj)


def test_a_way_that_nobody_takes_is_not_written_at_all() -> None:
    assert without_namespaces(LEG, ["default", "otherns"]) is None


def test_an_entry_that_nobody_sees_stays_for_the_gateway() -> None:
    left = without_namespaces(ENTRY, ["default", "otherns"])
    assert left is not None
    assert left["spec"]["exportTo"] == ["."]


def test_an_entry_is_never_left_without_a_list() -> None:
    lonely = {**ENTRY, "spec": {**ENTRY["spec"], "exportTo": ["default"]}}
    assert without_namespaces(lonely, ["default"]) is None


def test_leaving_out_a_stranger_changes_nothing() -> None:
    assert without_namespaces(LEG, ["payments"]) is LEG


def test_an_object_is_opened_to_other_namespaces_only() -> None:
    assert opened_to(ENTRY) == {"default", "otherns"}
    assert opened_to({"spec": {"exportTo": ["~"]}}) == opened_to(None) == frozenset()
