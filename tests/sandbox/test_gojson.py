"""Bodies are read with the texts of the server's readers."""

from __future__ import annotations

import pytest

from egress.sandbox import gojson

BEGIN = "looking for beginning of value"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":1', "unexpected end of JSON input"),
        (b'{"a', "unexpected end of JSON input"),
        (b"nonsense", f"invalid character 'n' {BEGIN}"),
        (b"[1,]", f"invalid character ']' {BEGIN}"),
        (b'{"a":}', "invalid character '}' looking for beginning of value"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"\x9e", f"invalid character '\\u009e' {BEGIN}"),
    ],
)
def test_faults_in_json_are_told_in_the_readers_words(body: bytes, text: str) -> None:
    with pytest.raises(gojson.UnreadableError) as refused:
        gojson.loads(body)
    assert str(refused.value) == text


@pytest.mark.parametrize("body", [b"NaN", b'{"a":Infinity}', b"-1e999", b"[" * 100_000])
def test_numbers_and_depths_beyond_reason_are_refused(body: bytes) -> None:
    with pytest.raises(gojson.UnreadableError):
        gojson.loads(body)


def test_yaml_dates_stay_text_and_keys_become_text() -> None:
    assert gojson.loads_yaml(b"on: 2026-01-02\n5: x") == {"true": "2026-01-02", "5": "x"}


@pytest.mark.parametrize(
    "body", [b"a: [", b"a: !!binary YQ==", b"a: .inf", b"a: !!set {x}", b"? [a]\n: b", b"a: *b"]
)
def test_yaml_without_a_form_in_json_is_refused(body: bytes) -> None:
    with pytest.raises(gojson.UnreadableError):
        gojson.loads_yaml(body)
