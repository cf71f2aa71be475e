"""Whether a live object is exactly as the portal wrote it, told without what was wanted."""

from collections.abc import Mapping
from typing import Any

from egress.domain.difference import decided_content
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import content_hash


def claimed_hash(obj: Mapping[str, Any]) -> str:
    """Return the content hash that an object carries, desired or live; empty without one."""
    return str((obj["metadata"].get("annotations") or {}).get(CONTENT_HASH_ANNOTATION, ""))


def fingerprint(live: Mapping[str, Any]) -> str:
    """Return the content hash that a live object carries and really has, else nothing.

    When it is the hash of a desired object, the live one has every field of that with the same
    value and no other: comparing them field by field would find nothing. The opposite does not
    hold. Fields of others, an order that does not matter or another spelling of a number give
    another hash, and only a comparison can tell that nothing is wrong.
    """
    try:
        claimed = claimed_hash(live)
        is_true = bool(claimed) and claimed == content_hash(decided_content(live))
        return claimed if is_true else ""
    except (ValueError, TypeError, AttributeError):
        # What has no canonical JSON, or not the shape of an object, is nothing that we wrote.
        return ""
