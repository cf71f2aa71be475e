"""One spelling per host, and nothing but HostError for everything else."""

import time

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.hosts import HostError, canonical_destination_host, canonical_host, unicode_form
from tests.domain.hostile_hosts import TRUSTED, hostile_hosts

CORPUS = hostile_hosts()
BUDGET_SECONDS = 0.001


def outcome(text: str) -> str:
    """The canonical form, or the reason of the refusal."""
    try:
        return canonical_destination_host(text)
    except HostError as error:
        return error.reason


def refusal_of(text: str) -> str:
    """The message of the refusal, empty when the host is accepted."""
    try:
        canonical_destination_host(text)
    except HostError as error:
        return error.message
    return ""


def test_the_corpus_is_large_and_all_different() -> None:
    assert len(set(CORPUS)) == len(CORPUS) >= 2000


@pytest.mark.parametrize("host", TRUSTED)
def test_a_canonical_host_stays_as_it_is(host: str) -> None:
    assert canonical_host(host) == host


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("API.Stripe.COM", "api.stripe.com"),
        ("api.stripe.com.", "api.stripe.com"),
        ("BÜCHER.example.com", "xn--bcher-kva.example.com"),
        ("faß.de", "xn--fa-hia.de"),
        ("ｇｏｏｇｌｅ。com", "google.com"),
        ("*.Example.COM", "*.example.com"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:DB8::/48", "2001:db8::/48"),
    ],
)
def test_spellings_of_one_host_become_one(typed: str, meant: str) -> None:
    assert canonical_destination_host(typed) == meant


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "HostEmpty"),
        ("localhost", "HostSingleLabel"),
        ("a..b.com", "HostEmptyLabel"),
        ("a.com..", "HostEmptyLabel"),
        ("-a.com", "HostLabelHyphen"),
        ("a" * 64 + ".com", "HostLabelTooLong"),
        ("a." * 127 + "com", "HostTooLong"),
        ("example.com\n", "HostUnseenCharacter"),
        ("exam\x00ple.com", "HostUnseenCharacter"),
        ("exam\u00adple.com", "HostUnseenCharacter"),
        ("exam\u3164ple.com", "HostUnseenCharacter"),
        (" example.com", "HostUnseenCharacter"),
        ("\ud800.com", "HostUnseenCharacter"),
        ("https://example.com", "HostIsUrl"),
        ("user@example.com", "HostHasUserinfo"),
        ("example.com:443", "HostHasPort"),
        ("example.com/a", "HostHasPath"),
        ("example.com／a", "HostHasPath"),
        ("user＠example.com", "HostHasUserinfo"),
        ("example.com：443", "HostHasPort"),
        ("a.*.com", "HostIsWildcard"),
        ("my_host.com", "HostHasUnderscore"),
        ("ex$ample.com", "HostHasForeignCharacter"),
        ("example.1", "HostNumericTopLabel"),
        ("example.0x1f", "HostNumericTopLabel"),
        ("xn--a.com", "HostNotIdna"),
        ("☃.net", "HostNotIdna"),
    ],
)
def test_a_refusal_names_its_reason(typed: str, reason: str) -> None:
    assert outcome(typed) == reason


@pytest.mark.parametrize(
    "typed",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "fe80::1%eth0",
    ],
)
def test_an_address_is_no_host_in_any_notation(typed: str) -> None:
    with pytest.raises(HostError) as refusal:
        canonical_host(typed)
    assert refusal.value.reason == "HostIsAddress"
    assert "ask for the address range" in refusal.value.message


def test_a_message_says_what_to_type_instead() -> None:
    with pytest.raises(HostError, match=r'Type "example\.com" as host and "8443" as port'):
        canonical_host("example.com:8443")


@pytest.mark.parametrize("typed", ["https://u:hunter2@example.com/", "u:hunter2@example.com"])
def test_a_message_never_repeats_a_password(typed: str) -> None:
    with pytest.raises(HostError) as refusal:
        canonical_host(typed)
    assert "hunter2" not in refusal.value.message


def test_nothing_of_the_corpus_is_accepted_in_another_than_its_canonical_form() -> None:
    for text in CORPUS:
        try:
            host = canonical_destination_host(text)
        except HostError:
            continue
        assert host.isascii(), ascii(text)
        assert host == host.lower(), ascii(text)
        assert canonical_destination_host(host) == host, ascii(text)
        assert not set(host) & set("\n\r\t \x00\"'{}[]:_@%"), ascii(text) if "/" not in host else ""


def test_a_refusal_of_the_corpus_stays_one_short_line() -> None:
    for message in filter(None, map(refusal_of, CORPUS)):
        assert len(message) < 500
        assert message.isprintable()


def test_no_host_takes_longer_than_a_millisecond() -> None:
    for text in CORPUS:
        # Processor time, and more than one try: a busy machine must not fail the code.
        took = next((s for s in (_seconds(text) for _ in range(30)) if s <= BUDGET_SECONDS), None)
        assert took is not None, f"more than 1 ms each time for {text[:60]!r}"


def _seconds(text: str) -> float:
    start = time.thread_time()
    outcome(text)
    return time.thread_time() - start


def test_a_letter_that_idna_drops_is_refused_wherever_it_stands() -> None:
    for code in (*range(0x80, 0x3200), *range(0xFE00, 0xFFFF), *range(0xE0000, 0xE0200)):
        try:
            dropped = idna.uts46_remap(chr(code), std3_rules=False) == ""
        except idna.IDNAError:
            continue
        if dropped:
            assert outcome(f"exam{chr(code)}ple.com") == "HostUnseenCharacter", hex(code)


HOST_LIKE = st.text(st.sampled_from("ab1-._*:/@%[]xn--0.x\u00fc\u0430\u3002\uff11\u200d\u0301 \n"))


@settings(max_examples=800, deadline=None)
@given(st.one_of(st.text(max_size=300), HOST_LIKE, HOST_LIKE.map(lambda text: f"xn--{text}.com")))
def test_any_text_is_canonical_or_refused(text: str) -> None:
    refusal = refusal_of(text)
    if refusal:
        assert refusal.endswith(".")
        return
    host = canonical_destination_host(text)
    assert canonical_destination_host(host) == host
    assert host.isascii()
    assert host == host.lower()
    if "/" not in host:
        assert canonical_destination_host(unicode_form(host)) == host


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses(v=4), st.sampled_from(["{0}", "0x{1:x}", "0{1:o}", "{1}", "[::ffff:{0}]"]))
def test_every_ipv4_address_is_refused_in_every_notation(address: object, notation: str) -> None:
    text = notation.format(address, int(address))  # type: ignore[call-overload]
    assert outcome(text) == "HostIsAddress"
