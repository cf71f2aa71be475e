"""The chain as a whole: every finding can be acted upon, and none is lost."""

import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Protocol,
    Resolution,
    Subject,
    Wish,
)
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
from egress.domain.render import render_what_can
from tests.domain.examples import CLUSTER, findings, inventory, to
from tests.domain.hostile_hosts import TRUSTED, hostile_hosts
from tests.domain.policies.meshes import KNOWN, MESHES, enforced

RANGES = ("8.8.8.8/32", "8.8.8.0/24", "2001:4860::/48", "*.example.com")
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
            st.sampled_from([*TRUSTED, *RANGES, *hostile_hosts()[::40]]),
            st.sampled_from([-1, 22, 80, 443, 8080, 15001, 70000]),
            st.sampled_from(Protocol),
            st.booleans(),
            st.sampled_from([(), ("8.8.8.8",), ("1.1.1.1", "2001:4860::8888"), ("10.0.0.1",)]),
            st.sampled_from(Resolution),
            st.sampled_from(["", "", "mirror", "B ad"]),
        ),
        max_size=4,
    ).map(tuple),
    st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=500)),
)


SOUND = st.builds(
    Destination,
    st.sampled_from(["a.example.com", "b.example.com", "a" * 60 + ".example.com", *RANGES]),
    st.sampled_from([22, 80, 443, 5432]),
    st.sampled_from(Protocol),
    st.booleans(),
    st.sampled_from([(), (), ("8.8.8.8",)]),
    st.sampled_from([Resolution.DNS, Resolution.DNS, Resolution.DNS_ROUND_ROBIN]),
    st.sampled_from(["", "", "mirror"]),
)
PLAIN = st.builds(
    to, st.sampled_from(["a.example.com", "b.example.com"]), st.sampled_from([443, 8443])
)
ACCESSES = st.builds(
    Access,
    st.builds(
        Subject, st.sampled_from(["default", "otherns", "third"]), st.sampled_from(["", "billing"])
    ),
    PLAIN | SOUND,
)
ENFORCEMENTS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(Enforcement) for name in ("default", "otherns", "third")}
)


@settings(max_examples=250, deadline=None)
@given(WISHES, st.sampled_from(MESHES))
def test_every_finding_is_a_sentence_with_a_place(wish: Wish, mesh: ClusterProfile) -> None:
    for finding in evaluate(wish, PolicyContext(mesh, inventory())):
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


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MESHES), ENFORCEMENTS, st.lists(ACCESSES, max_size=8))
def test_what_no_policy_blocks_can_be_rendered_beside_what_was_granted(
    mesh: ClusterProfile, enforcements: dict[str, Enforcement], wanted: list[Access]
) -> None:
    known = enforced(**enforcements)
    granted: list[Access] = []
    for access in wanted:
        wish = Wish(access.subject, (access.destination,), timedelta(days=1))
        if not blocking(evaluate(wish, PolicyContext(mesh, known, grants=tuple(granted)))):
            granted.append(access)
    assert render_what_can(mesh, known, granted).refused == ()


def test_findings_without_inventory_leave_out_what_only_an_inventory_knows() -> None:
    wish = Wish(Subject("nowhere"), (to("metadata.google.internal"),), None)
    found = evaluate_without_inventory(wish, PolicyContext(CLUSTER, inventory()))
    assert [finding.reason for finding in blocking(found)] == ["MetadataName"]


def test_one_finding_of_review_asks_for_two_approvers() -> None:
    def remark(level: Level) -> Finding:
        return Finding("Any", "Any.", level)

    assert needs_two_approvers([remark(Level.WARN), remark(Level.REVIEW)])
    assert not needs_two_approvers([remark(Level.BLOCK), remark(Level.WARN), remark(Level.INFO)])


@pytest.mark.parametrize("mesh", MESHES)
def test_a_wish_of_fifty_destinations_is_judged_in_no_time(mesh: ClusterProfile) -> None:
    grants = tuple(Access(Subject("default"), to(f"g{n}.example.com")) for n in range(2000))
    wanted = [to(f"h{n}.example.com") for n in range(50)]
    start = time.thread_time()
    assert blocking(findings(*wanted, grants=grants, cluster=mesh, inventory=KNOWN)) == []
    assert time.thread_time() - start < 1


def test_each_host_of_the_corpus_is_judged_without_an_error() -> None:
    for text in hostile_hosts():
        found = findings(to(text))
        try:
            canonical = canonical_destination_host(text) == text
        except HostError:
            canonical = False
        assert canonical or blocking(found), ascii(text)
