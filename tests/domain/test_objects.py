"""Objects as data: hashes and YAML."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.objects import canonical_json, content_hash, key_of, to_yaml
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, live, to

ENTRY = render(CLUSTER, inventory(), [grant(to("a.example.com"))])[0]


def test_a_live_object_hashes_like_the_one_that_was_sent() -> None:
    assert content_hash(live(ENTRY, "u1")) == content_hash(ENTRY)


def test_an_object_is_named_by_what_kubernetes_names_it_by() -> None:
    assert str(key_of(ENTRY)) == "ServiceEntry default/eg-a-example-com-7653e4959f"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_yaml_reads_back_as_what_was_written(value: dict[str, object]) -> None:
    assert list(yaml.safe_load_all(to_yaml([value]))) == [value]


@pytest.mark.parametrize(
    "text", ["yes", "no", "1e3", "0x10", "~", "null", "*a", "&a", "- x", "a: b", "a\n---\nb", "{}"]
)
def test_yaml_quotes_text_that_reads_like_something_else(text: str) -> None:
    assert yaml.safe_load(to_yaml([{"text": text}])) == {"text": text}


def test_yaml_writes_a_repeated_value_out() -> None:
    shared = ["a.example.com"]
    assert "&" not in to_yaml([{"one": shared, "two": shared}])


def test_canonical_json_has_one_spelling() -> None:
    assert canonical_json({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()
    with pytest.raises(ValueError):
        canonical_json(float("nan"))


def test_a_host_that_tries_to_be_yaml_never_gets_that_far() -> None:
    host = "a.example.com\n  exportTo: ['*']"
    access = Access(Subject("default"), Destination(host, 443, Protocol.TLS))
    with pytest.raises(Exception, match="canonical form"):
        render(CLUSTER, inventory(), [access])
