"""Digests: the same facts give the same digest everywhere and for ever."""

from egress.domain.lifecycle import Verdict
from egress.selectors.bindings import digest, terms_digest


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    facts = {"b": [1, "ü", None, True], "a": {"y": 2, "x": 1}}
    assert digest(facts) == digest({"a": {"x": 1, "y": 2}, "b": [1, "ü", None, True]})


def test_a_digest_is_pinned_across_releases() -> None:
    facts = {"b": [1, "ü", None, True], "a": {"y": 2, "x": 1}}
    assert digest(facts) == "ddafe49d78a104f1e361da5d5815b27b1ff2c8fba42a843f98661cd52e7df006"


def test_terms_differ_when_anything_in_them_does() -> None:
    yes, no = Verdict.APPROVED, Verdict.DENIED
    digests = [
        terms_digest(revision=1, verdicts={0: yes, 1: yes}, duration_days=30),
        terms_digest(revision=2, verdicts={0: yes, 1: yes}, duration_days=30),
        terms_digest(revision=1, verdicts={0: yes, 1: no}, duration_days=30),
        terms_digest(revision=1, verdicts={0: yes, 1: yes}, duration_days=31),
        terms_digest(revision=1, verdicts={0: yes, 1: yes}, duration_days=None),
    ]
    assert len(set(digests)) == len(digests)
    assert digests[0] == terms_digest(revision=1, verdicts={1: yes, 0: yes}, duration_days=30)
