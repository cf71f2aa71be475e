"""One spelling per host: what DNS means, in lower-case ASCII, or a refusal that helps."""

import re
import unicodedata
from functools import lru_cache

import idna

from egress.domain.hosts.addresses import address_in, as_cidr, canonical_cidr, ends_in_a_number
from egress.domain.hosts.errors import HostError
from egress.domain.wording import quoted

_MAX_TYPED_CHARACTERS = 1000
_MAX_NAME = 253
_MAX_LABEL = 63
_EXAMPLE = 'for example "api.example.com"'
_PLAIN = re.compile(r"[A-Za-z0-9.-]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters and marks that UTS 46 maps to nothing: no one sees them, so no one means them."""

_JOINERS = "\u200c\u200d"
"""Allowed inside some scripts; IDNA 2008 checks where (RFC 5892, appendix A)."""


def canonical_host(text: str) -> str:
    """Return the one spelling of a host name: lower case, A-labels, no trailing dot.

    Follows UTS 46 without transitional mapping and IDNA 2008. Idempotent. Raises HostError for
    anything else than a name with two labels or more, above all for IP addresses in any notation.
    """
    if len(text) > _MAX_TYPED_CHARACTERS:
        raise _too_long(text)
    _refuse_unseen_characters(text)
    _refuse_other_syntax(text)
    if len(text) > _MAX_NAME + 1:
        raise _too_long(text)
    mapped = text.lower() if text.isascii() else _mapped(text)
    name = mapped.removesuffix(".")
    _refuse_address(name)
    _check_shape(name)
    if name.isascii() and "xn--" not in name:
        return _checked(name)
    return _checked(_encoded(name))


def canonical_destination_host(text: str) -> str:
    """Return the canonical form of a host, of a wildcard `*.host`, or of an address range.

    Raises HostError.
    """
    return _known(text) if len(text) <= _MAX_NAME + 2 else _canonical_destination(text)


def _canonical_destination(text: str) -> str:
    if text.startswith("*."):
        return f"*.{canonical_host(text[2:])}"
    if "/" in text and "://" not in text and re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]+", text[:100]):
        return canonical_cidr(text)
    return canonical_host(text)


_known = lru_cache(maxsize=4096)(_canonical_destination)
"""The same few hosts are named again and again. Only short texts are kept, and no refusals."""


def unicode_form(host: str) -> str:
    """Return a canonical host as people of its script read it; itself when it is plain ASCII."""
    if "xn--" not in host:
        return host
    try:
        return idna.decode(host)
    except UnicodeError:
        return host


def _refuse_unseen_characters(text: str) -> None:
    if not text:
        raise HostError("HostEmpty", f"The host is empty. Type a host name, {_EXAMPLE}.")
    if _PLAIN.fullmatch(text):
        return
    ignored = _IGNORED.search(text)
    if ignored:
        raise _unseen(text, ignored[0])
    for character in text:
        if unicodedata.category(character)[0] in "CZ" and character not in _JOINERS:
            raise _unseen(text, character)


def _refuse_other_syntax(text: str) -> None:
    if _PLAIN.fullmatch(text):
        return
    if "://" in text:
        raise HostError(
            "HostIsUrl", f"{_shown(text)} is a URL. Type the host name alone, {_EXAMPLE}."
        )
    if "@" in text:
        raise HostError(
            "HostHasUserinfo",
            'The host contains "@". Type only what stands behind it, without user and '
            f"password, {_EXAMPLE}.",
        )
    if ":" in text or "[" in text:
        raise _address_or_port(text)
    for characters, reason, advice in _MISPLACED:
        found = next((c for c in text if c in characters), None)
        if found:
            raise HostError(reason, f"{quoted(text)} contains {quoted(found)}. {advice}")


_MISPLACED = (
    ("/\\?#", "HostHasPath", f"Type the host name alone, without a path, {_EXAMPLE}."),
    (
        "*",
        "HostIsWildcard",
        'A wildcard is written "*.example.com", and is allowed in no other place.',
    ),
    (
        "_",
        "HostHasUnderscore",
        "Host names have no underscore; ask the owner for the name with hyphens.",
    ),
    (
        "".join(chr(c) for c in range(33, 127) if not chr(c).isalnum() and chr(c) not in ".-"),
        "HostHasForeignCharacter",
        f"A host name has letters, digits, hyphens and dots only, {_EXAMPLE}.",
    ),
)


def _address_or_port(text: str) -> HostError:
    address = address_in(text)
    if address:
        return _address_error(text, as_cidr(address))
    host, _, port = text.rpartition(":")
    if ":" not in host and port.isdecimal() and len(port) <= 5:
        return HostError(
            "HostHasPort",
            f"{quoted(text)} contains a port. Type {quoted(host)} as host and {quoted(port)} as "
            "port.",
        )
    return HostError(
        "HostHasForeignCharacter",
        f'{quoted(text)} contains ":". Type the host name alone, {_EXAMPLE}.',
    )


def _mapped(text: str) -> str:
    try:
        mapped = idna.uts46_remap(text, std3_rules=False)
    except (idna.IDNAError, UnicodeError) as error:
        raise _not_idna(text) from error
    # Full-width signs become ASCII here: the same checks have to hold for what they became.
    _refuse_unseen_characters(mapped)
    _refuse_other_syntax(mapped)
    return mapped


def _refuse_address(name: str) -> None:
    if not ends_in_a_number(name):
        return
    address = address_in(name)
    if address:
        raise _address_error(name, as_cidr(address))
    raise HostError(
        "HostNumericTopLabel",
        f"{quoted(name)} ends in a number, so clients read it as an address. Type a host name, "
        f"{_EXAMPLE}.",
    )


def _check_shape(name: str) -> None:
    labels = name.split(".")
    if "" in labels:
        raise HostError(
            "HostEmptyLabel",
            f"{quoted(name)} has an empty part between dots. Type it again, {_EXAMPLE}.",
        )
    if len(labels) == 1:
        raise HostError(
            "HostSingleLabel",
            f"{quoted(name)} has no dot, so it means something inside the cluster. Type the full "
            f"name, {_EXAMPLE}.",
        )
    # An A-label is at least its U-label and "xn--" long: no need to encode what cannot fit.
    sizes = [len(label) + (0 if label.isascii() else 4) for label in labels]
    if sum(sizes) + len(sizes) - 1 > _MAX_NAME:
        raise _too_long(name)
    if max(sizes) > _MAX_LABEL:
        raise HostError(
            "HostLabelTooLong", f"{quoted(name)} has a part of more than {_MAX_LABEL} characters."
        )


def _encoded(name: str) -> str:
    try:
        encoded = idna.encode(name).decode("ascii")
        stable = (
            "xn--" not in encoded or idna.encode(idna.decode(encoded)).decode("ascii") == encoded
        )
    except (idna.IDNAError, UnicodeError) as error:
        raise _not_idna(name) from error
    if not stable:
        raise _not_idna(name)
    return encoded


def _checked(name: str) -> str:
    if len(name) > _MAX_NAME:
        raise _too_long(name)
    for label in name.split("."):
        if len(label) > _MAX_LABEL:
            raise HostError(
                "HostLabelTooLong", f"{quoted(label)} has more than {_MAX_LABEL} characters."
            )
        if not _LABEL.fullmatch(label):
            raise HostError(
                "HostLabelHyphen",
                f"{quoted(label)} starts or ends with a hyphen. Check the name, {_EXAMPLE}.",
            )
    _refuse_address(name)
    return name


def _shown(text: str) -> str:
    # What stands before an "@" may be a password: it belongs in no message and no log.
    return "The text" if "@" in text else quoted(text)


def _unseen(text: str, character: str) -> HostError:
    return HostError(
        "HostUnseenCharacter",
        f"{_shown(text)} contains a space, a line break or an invisible character "
        f"({quoted(character)}). Type the host name alone, {_EXAMPLE}.",
    )


def _too_long(text: str) -> HostError:
    return HostError(
        "HostTooLong",
        f"{_shown(text)} has more than {_MAX_NAME} characters. Type a host name, {_EXAMPLE}.",
    )


def _not_idna(text: str) -> HostError:
    return HostError(
        "HostNotIdna",
        f"{quoted(text)} is no valid international name (IDNA 2008). Copy the name from its "
        "owner's own page.",
    )


def _address_error(text: str, cidr: str) -> HostError:
    return HostError(
        "HostIsAddress",
        f"{quoted(text)} is an IP address, not a host name. Type the name, or ask for the address "
        f"range {quoted(cidr)}.",
    )
