"""Private DNS zones that admins allow: a domain of the company, or a top-level name of its own."""

from egress.domain.hosts import HostError, canonical_host
from egress.domain.naming import is_dns_label
from egress.domain.wording import quoted


def canonical_zone(text: str) -> str:
    """Return a zone in its one spelling, such as `corp` or `corp.example`.

    Raises HostError for anything that is no name.
    """
    name = text.strip().rstrip(".").lower()
    if "." in name:
        return canonical_host(name)
    if not is_dns_label(name) or name.isdigit():
        raise HostError(
            "ZoneMalformed", f"{quoted(text)} is no domain. Write one such as corp.example."
        )
    return name
