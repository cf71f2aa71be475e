"""The chain as a whole: every finding can be acted upon, and none is lost."""

import time
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Protocol, Subject, Wish
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.policies import (
    Finding,
    Level,
    PolicyContext,
    blocking,
    evaluate,
    evaluate_without_inventory,
    needs_two_approvers,
)
from egress.domain.render import render
from tests.domain.examples import CLUSTER, findings, inventory, namespace, to
from tests.domain.hostile_hosts import TRUSTED, hostile_hosts

WISHES = st.builds(
    Wish,
    st.builds(
        Subject,
        st.sampled_from(["default", "otherns", "kube-system", "nope", "A b"]),
        st.sampled_from(["", "billing", "default", "x y"]),
    ),
    st.lists(
        st.builds(
            Destination,
            st.sampled_from([*TRUSTED, *hostile_hosts()[::40]]),
            st.sampled_from([-1, 22, 80, 443, 8080, 15001, 70000]),
            st.sampled_from(Protocol),
            st.booleans(),
        ),
        max_size=4,
    ).map(tuple),
    st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=500)),
)


@settings(max_examples=500, deadline=None)
@given(WISHES)
def test_every_finding_is_a_sentence_with_a_place(wish: Wish) -> None:
    for finding in evaluate(wish, PolicyContext(CLUSTER, inventory())):
        assert finding.reason.isalnum()
        assert finding.message.endswith(".")
        assert finding.message.isprintable()
        assert (
            finding.message.count('"') >= 2
            or finding.field in ("destinations", "duration")
            or "@" in str(wish)
        )
        known = ("namespace", "service_account", "duration", "destinations")
        assert finding.field.split(".")[0] in known


@settings(max_examples=500, deadline=None)
@given(WISHES)
def test_what_no_policy_blocks_can_be_rendered(wish: Wish) -> None:
    known = inventory(namespace("default"), namespace("otherns"))
    context = PolicyContext(CLUSTER, known)
    if blocking(evaluate(wish, context)):
        return
    objects = render(CLUSTER, known, [Access(wish.subject, d) for d in wish.destinations])
    assert objects


def test_findings_without_inventory_leave_out_what_only_an_inventory_knows() -> None:
    wish = Wish(Subject("nowhere"), (to("metadata.google.internal"),), None)
    found = evaluate_without_inventory(wish, PolicyContext(CLUSTER, inventory()))
    assert [finding.reason for finding in blocking(found)] == ["MetadataName"]


def test_one_finding_of_review_asks_for_two_approvers() -> None:
    def remark(level: Level) -> Finding:
        return Finding("Any", "Any.", level)

    assert needs_two_approvers([remark(Level.WARN), remark(Level.REVIEW)])
    assert not needs_two_approvers([remark(Level.BLOCK), remark(Level.WARN), remark(Level.INFO)])


def test_a_wish_of_fifty_destinations_is_judged_in_no_time() -> None:
    grants = tuple(Access(Subject("default"), to(f"g{n}.example.com")) for n in range(2000))
    wanted = [to(f"h{n}.example.com") for n in range(50)]
    start = time.thread_time()
    assert blocking(findings(*wanted, grants=grants)) == []
    assert time.thread_time() - start < 1


def test_each_host_of_the_corpus_is_judged_without_an_error() -> None:
    for text in hostile_hosts():
        found = findings(to(text))
        try:
            canonical = canonical_destination_host(text) == text
        except HostError:
            canonical = False
        assert canonical or blocking(found), ascii(text)
