"""The long runs: a million hosts, a hundred thousand sets of grants. `make slow` runs them."""

import random

import pytest

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.manifests.check import check_object
from egress.domain.render import render_what_can
from tests.domain.examples import CLUSTER, inventory, namespace
from tests.domain.hostile_hosts import hostile_hosts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SEED = 20261121
HOSTS = 1_000_000
BUNDLES = 100_000


def test_a_million_mutated_hosts_are_canonical_or_refused() -> None:
    luck = random.Random(SEED)
    corpus = [text for text in hostile_hosts() if len(text) < 300]
    letters = sorted({character for text in corpus for character in text} | set("abcxn-.0189"))
    accepted = 0
    for _ in range(HOSTS):
        text = mutated(luck, luck.choice(corpus), luck.choice(corpus), letters)
        try:
            host = canonical_destination_host(text)
        except HostError:
            continue
        accepted += 1
        again = canonical_destination_host(host)
        assert (host.isascii(), host.lower(), again) == (True, host, host), ascii(text)
    assert accepted > HOSTS // 100, f"seed {SEED}"


def mutated(luck: random.Random, text: str, other: str, letters: list[str]) -> str:
    """A text with some characters replaced, dropped or doubled, or joined with another one."""
    characters = list(text)
    for _ in range(luck.randrange(4)):
        place = luck.randrange(len(characters) + 1)
        characters[place : place + luck.randrange(2)] = luck.choices(letters, k=luck.randrange(3))
    joined = luck.choice(["", "", ".", "@", "/"])
    return "".join(characters) + (joined + other if joined else "")


def test_a_hundred_thousand_sets_of_grants_give_only_sound_objects() -> None:
    luck = random.Random(SEED)
    known = inventory(*(namespace(n, default_deny=n == "a") for n in ("a", "b", "istio-system")))
    objects = 0
    for _ in range(BUNDLES):
        grants = [any_access(luck) for _ in range(luck.randrange(5))]
        for obj in render_what_can(CLUSTER, known, grants).objects:
            objects += 1
            assert check_object(obj) == [], (obj, grants)
            assert obj["metadata"]["namespace"] in ("a", "b")
            assert obj["kind"] == "Sidecar" or obj["spec"]["exportTo"] == ["."]
    assert objects > BUNDLES, f"seed {SEED}"


def any_access(luck: random.Random) -> Access:
    """Any access at all, sensible or not."""
    host = luck.choice(
        ["a.example.com", "b.example.com", "*.example.com", "1.2.3.0/24", "A.com", "x"]
    )
    subject = Subject(
        luck.choice(["a", "a", "b", "istio-system", "-"]), luck.choice(["", "", "", "sa"])
    )
    port = luck.choice([80, 80, 443, 8443, 0, 65536])
    return Access(
        subject, Destination(host, port, luck.choice(list(Protocol)), luck.random() < 0.3)
    )
