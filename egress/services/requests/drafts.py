"""What somebody typed, and how far it can be understood."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from egress import rules
from egress.domain.access import Destination, Protocol, Resolution, Subject
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.naming import is_dns_label
from egress.domain.wording import listed, quoted
from egress.models import Cluster, Namespace, ServiceAccount
from egress.models.standing import Standing
from egress.selectors.neighbours import Neighbours
from egress.services import texts

_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")

MAX_ADDRESSES = 16
"""Fixed addresses of one destination: more than any host that has them needs."""

MAX_DAYS = 36_500
"""No duration is longer than a century, whatever the policies say: dates have an end."""


@dataclass(frozen=True)
class DestinationDraft:
    """One destination as typed.

    `addresses` are fixed IP addresses, `long_lived` says that connections stay open for long, and
    `alias` is a name for the destination inside the namespace.
    """

    host: str
    port: int | str
    protocol: str
    tls_origination: bool = False
    addresses: Sequence[str] = ()
    long_lived: bool = False
    alias: str = ""


@dataclass(frozen=True)
class RequestDraft:
    """A request as typed. `duration_days` None asks for access without an end date."""

    cluster: str
    namespace: str
    service_account: str
    destinations: tuple[DestinationDraft, ...]
    reason: str
    ticket: str = ""
    duration_days: int | None = 90


@dataclass
class Reading:
    """What was understood of a draft; `errors` maps field paths to sentences about the rest."""

    cluster: Cluster | None = None
    namespace: Namespace | None = None
    account: ServiceAccount | None = None
    destinations: tuple[Destination | None, ...] = ()
    reason: str = ""
    ticket: str = ""
    duration_days: int | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)

    def object_to(self, path: str, sentence: str) -> None:
        """Add a sentence about the field at `path`; an empty sentence says nothing."""
        if sentence:
            self.errors.setdefault(path, []).append(sentence)

    @property
    def subject(self) -> Subject | None:
        """Return who would get access, None while that is not understood."""
        if self.namespace is None or "service_account" in self.errors:
            return None
        return Subject(self.namespace.name, self.account.name if self.account else "")


def read(draft: RequestDraft, standing: Standing, neighbours: Neighbours | None = None) -> Reading:
    """Return what is understood of `draft` by somebody of this standing. Never raises.

    `neighbours` are the namespaces around the one that is named, where they are known already.
    """
    reading = Reading(reason=texts.tidy(draft.reason), ticket=texts.tidy(draft.ticket))
    _read_subject(draft, standing, reading, neighbours)
    read_destinations(draft.destinations, reading)
    reading.object_to(
        "reason", texts.problem_of_text(reading.reason, what="The reason", limit=2000)
    )
    reading.object_to("ticket", texts.problem_of_link(reading.ticket))
    reading.duration_days = read_days(draft.duration_days, reading)
    return reading


def namespace_named(draft: RequestDraft) -> Namespace | None:
    """Return the namespace that a draft names, whoever may see it; None when there is none."""
    return _namespace_called(_key(draft.namespace), _cluster_called(_key(draft.cluster)), None)


def read_days(days: object, reading: Reading) -> int | None:
    """Return a duration in days, or None and an objection at `duration_days`."""
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        reading.object_to(
            "duration_days",
            f"{quoted(days)} is no duration. Give a number of days from 1 to {MAX_DAYS}.",
        )
        return None
    return days


def _read_subject(
    draft: RequestDraft, standing: Standing, reading: Reading, known: Neighbours | None
) -> None:
    unknown = "Choose one of those that your teams own."
    reading.cluster = known.cluster if known else _cluster_called(_key(draft.cluster))
    found = _namespace_called(_key(draft.namespace), reading.cluster, known)
    if found is not None and not rules.may_view_namespace(standing, found):
        found = None
    # The same sentence for what is absent and what is not theirs to see. Who may see one of its
    # namespaces may see a cluster.
    is_theirs = found is not None or (
        reading.cluster is not None and rules.may_view_cluster(standing, reading.cluster)
    )
    if reading.cluster is None or not is_theirs:
        reading.cluster = None
        reading.object_to("cluster", f"There is no cluster {quoted(draft.cluster)} for you.")
        return
    if found is None:
        reading.object_to(
            "namespace", f"There is no namespace {quoted(draft.namespace)} for you. {unknown}"
        )
        return
    reading.namespace = found
    if not draft.service_account:
        return
    reading.account = _account_called(_key(draft.service_account), found, known)
    if reading.account is None:
        reading.object_to(
            "service_account",
            f"Namespace {quoted(found.name)} has no service account "
            f"{quoted(draft.service_account)}. Create it first, or ask for the whole namespace.",
        )


def _cluster_called(name: str) -> Cluster | None:
    return Cluster.objects.filter(name=name).first() if name else None


def _namespace_called(
    name: str, cluster: Cluster | None, known: Neighbours | None
) -> Namespace | None:
    if known is not None:
        return known.namespaces.get(name)
    if cluster is None or not name:
        return None
    rows = Namespace.objects.filter(cluster=cluster, name=name, gone_at__isnull=True)
    return rows.select_related("owner", "cluster").first()


def _account_called(
    name: str, namespace: Namespace, known: Neighbours | None
) -> ServiceAccount | None:
    if known is not None:
        return known.accounts.get(namespace.name, {}).get(name)
    return namespace.service_accounts.filter(name=name, gone_at__isnull=True).first()


def _key(text: object) -> str:
    # Databases refuse to compare with a NUL or half a character; no name contains one.
    return text if isinstance(text, str) and _NAME.fullmatch(text) else ""


def read_destinations(typed: tuple[DestinationDraft, ...], reading: Reading) -> None:
    """Read destinations into `reading`, with objections to those that are not understood."""
    count = len(typed)
    if not count:
        reading.object_to("destinations", "No destination is given. Add at least one host.")
    if count > settings.MAX_DESTINATIONS:
        reading.object_to(
            "destinations",
            f"{count} destinations are too many for one request. Split it into requests of at "
            f"most {settings.MAX_DESTINATIONS}.",
        )
        return
    reading.destinations = tuple(
        _destination(each, position, reading) for position, each in enumerate(typed)
    )


def _destination(typed: DestinationDraft, position: int, reading: Reading) -> Destination | None:
    path = f"destinations.{position}"
    before = len(reading.errors)
    host, port, protocol = "", 0, None
    try:
        host = canonical_destination_host(typed.host.strip())
    except HostError as error:
        reading.object_to(f"{path}.host", error.message)
    try:
        port = _port(typed.port)
    except ValueError:
        reading.object_to(
            f"{path}.port", f"{quoted(typed.port)} is no port. Give a number from 1 to 65535."
        )
    try:
        protocol = Protocol(typed.protocol.strip().upper())
    except ValueError:
        reading.object_to(
            f"{path}.protocol",
            f"{quoted(typed.protocol)} is no protocol. Choose {listed([*Protocol])}.",
        )
    addresses = _addresses(typed.addresses, path, reading)
    alias = texts.tidy(typed.alias)
    if alias and not is_dns_label(alias):
        reading.object_to(
            f"{path}.alias",
            f"{quoted(alias)} cannot name a Service. Use lower case letters, digits and hyphens, "
            "at most 63.",
        )
    if len(reading.errors) > before or protocol is None:
        return None
    resolution = Resolution.DNS_ROUND_ROBIN if typed.long_lived else Resolution.DNS
    return Destination(
        host, port, protocol, bool(typed.tls_origination), addresses, resolution, alias
    )


def _addresses(typed: Sequence[str], path: str, reading: Reading) -> tuple[str, ...]:
    """Return fixed addresses in their canonical form, sorted, each once."""
    found = set()
    for text in typed[: MAX_ADDRESSES + 1]:
        try:
            found.add(str(ipaddress.ip_address(text.strip())))
        except ValueError:
            reading.object_to(
                f"{path}.addresses",
                f"{quoted(text)} is no IP address. Write it like 203.0.113.13 or 2001:db8::1.",
            )
    if len(typed) > MAX_ADDRESSES:
        reading.object_to(
            f"{path}.addresses", f"A host has at most {MAX_ADDRESSES} fixed addresses here."
        )
    return tuple(sorted(found))


def _port(typed: int | str) -> int:
    if isinstance(typed, bool):
        raise ValueError("a port is a number")
    text = str(typed).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise ValueError("a port is a number")
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError("a port is between 1 and 65535")
    return port
