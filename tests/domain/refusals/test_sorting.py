"""What holds for any set of grants: order, repetition, and slices decide nothing."""

import random
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import (
    Access,
    Destination,
    Enforcement,
    Protocol,
    Resolution,
    Subject,
)
from egress.domain.hosts.wildcards import wildcards_above
from egress.domain.objects import key_of
from egress.domain.refusals import sort_out
from egress.domain.refusals.shadows import has_own_addresses
from egress.domain.render import render_slice, render_what_can
from egress.domain.slices import SliceKey, SliceKind, slices_of
from tests.domain.refusals.examples import profile, three

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
HOSTS = ["a.example.com", "b.example.com"]
PLAIN = st.builds(
    Destination,
    st.sampled_from(HOSTS),
    st.sampled_from([80, 443]),
    st.sampled_from([HTTP, TLS, TCP]),
    st.booleans(),
    st.sampled_from([(), (), ("203.0.113.13",)]),
    st.sampled_from([Resolution.DNS, Resolution.DNS, Resolution.DNS_ROUND_ROBIN]),
    st.sampled_from(["", "", "x", "y"]),
)
ADDRESSES = st.builds(
    Destination,
    st.sampled_from(["203.0.113.13/32", "203.0.113.14/32"]),
    st.sampled_from([80, 443]),
    st.sampled_from([TLS, TCP]),
    alias=st.sampled_from(["", "x", "y"]),
)
SUBJECTS = st.builds(Subject, st.sampled_from(["one", "two", "three"]), st.sampled_from(["", "sa"]))
WILDCARDS = st.builds(Destination, st.just("*.example.com"), st.just(443), st.just(TLS))
GRANTS = st.lists(
    st.builds(Access, SUBJECTS, st.one_of(PLAIN, PLAIN, ADDRESSES, WILDCARDS)), max_size=14
)
CHOICES = st.tuples(*[st.sampled_from(Enforcement)] * 3)


@settings(max_examples=150, deadline=None)
@given(GRANTS, CHOICES, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_grants_decides_nothing(
    grants: list[Access],
    choices: Sequence[Enforcement],
    central: bool,
    luck: random.Random,
) -> None:
    cluster, known = profile(central_entries=central), three(choices)
    shuffled = list(set(grants))
    luck.shuffle(shuffled)
    one, refused = sort_out(cluster, known, sorted(set(grants)))
    other, refused_too = sort_out(cluster, known, shuffled)
    assert set(one) == set(other)
    assert [(r.reason, r.message, r.accesses) for r in refused] == [
        (r.reason, r.message, r.accesses) for r in refused_too
    ]


@settings(max_examples=150, deadline=None)
@given(GRANTS, CHOICES, st.booleans())
def test_what_is_accepted_stays_accepted_without_the_rest_and_names_are_unique(
    grants: list[Access], choices: Sequence[Enforcement], central: bool
) -> None:
    cluster, known = profile(central_entries=central), three(choices)
    accepted, _ = sort_out(cluster, known, sorted(set(grants)))
    assert sort_out(cluster, known, accepted) == (accepted, [])
    keys = [key_of(obj) for obj in render_what_can(cluster, known, grants).objects]
    assert len(keys) == len(set(keys))


@settings(max_examples=150, deadline=None)
@given(GRANTS, CHOICES, st.booleans())
def test_a_slice_needs_its_hosts_and_what_shares_an_alias_or_an_address_with_them_only(
    grants: list[Access], choices: Sequence[Enforcement], central: bool
) -> None:
    cluster, known = profile(central_entries=central), three(choices)
    whole = render_what_can(cluster, known, grants)
    for key in {key for access in grants for key in slices_of(access, cluster, known)}:
        part = render_slice(key, cluster, known, _needed(key, grants))
        assert part.objects == [obj for obj in whole.objects if key.holds(obj, cluster)]


def _needed(key: SliceKey, grants: Iterable[Access]) -> list[Access]:
    """The grants of a slice, of its hosts, and of what can contradict those.

    Namespaces with an alias of one of them, hosts with addresses where one of them has any, and
    names below a wildcard.
    """
    grants = list(grants)
    is_own = key.kind is SliceKind.NAMESPACE
    own = [access for access in grants if is_own and access.subject.namespace == key.name]
    hosts = {access.destination.host for access in own} if is_own else {key.name}
    shared = [access for access in grants if access.destination.host in hosts]
    named = {access.subject.namespace for access in shared if access.destination.alias}
    addressed = [access for access in grants if has_own_addresses(access.destination)]
    found = {a.subject.namespace for a in addressed if a.destination.host in hosts}
    met = {access.destination.host for access in addressed if access.subject.namespace in found}
    return [
        *own,
        *shared,
        *(access for access in grants if access.subject.namespace in named),
        *(access for access in grants if access.destination.host in met),
        *(access for access in grants if hosts & set(wildcards_above(access.destination.host))),
    ]
