"""What the request form shows around what was typed: choices, hints, and the preview."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.conf import settings

from egress.domain.access import Protocol
from egress.domain.policies import Finding, Level
from egress.models import CatalogueEntry, Cluster, Namespace
from egress.models.standing import Standing
from egress.selectors.namespaces import askable_namespaces, service_accounts_of
from egress.selectors.policy import limits
from egress.services.errors import ServiceError
from egress.services.requests import Preview
from egress.web.forms.request import NO_END, TypedRequest
from egress.web.forms.rows import PARTS, Row
from egress.web.request_fixes import FixButton

OPTIONS_SHOWN = 50
PLAIN_FIELDS = ("cluster", "namespace", "service_account", "reason", "ticket", "duration_days")
_NAMES = (*PLAIN_FIELDS, "destinations", "paste", "preset")
SAID_OF_THE_WAY = frozenset({"Guardrail", "NotABoundary"})
"""Findings that the preview's sentence about the way says, too: no hint repeats them."""
DURATIONS = (1, 7, 30, 90, 180, 365)
PROTOCOL_WORDS = {
    Protocol.TLS: "TLS (HTTPS)",
    Protocol.HTTP: "HTTP in clear text",
    Protocol.HTTP2: "HTTP/2 in clear text",
    Protocol.GRPC: "gRPC in clear text",
    Protocol.TCP: "TCP (databases, SSH)",
}


@dataclass
class Hint:
    """What stands below one input: what is wrong, what the policies remark, and what mends it.

    `name` is the input's name, from which the ids of input and hint are made. `read_as` is the
    host as the portal understood it, empty where it is what was typed.
    """

    name: str
    errors: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    fixes: tuple[FixButton, ...] = ()
    read_as: str = ""

    @property
    def is_invalid(self) -> bool:
        """Whether what was typed cannot be accepted."""
        return bool(self.mistakes)

    @property
    def mistakes(self) -> list[str]:
        """Return the sentences about what has to be mended before anything is sent."""
        return self.errors or [f.message for f in self.findings if f.level is Level.BLOCK]

    @property
    def goes_to(self) -> str:
        """Return the name of the input that mends it: for all destinations the first host."""
        return "destinations-0-host" if self.name == "destinations" else self.name


@dataclass(frozen=True)
class RowView:
    """One destination row with the hints below its inputs."""

    position: int
    row: Row
    host: Hint
    port: Hint
    protocol: Hint
    tls_origination: Hint
    addresses: Hint
    alias: Hint
    long_lived: Hint

    @property
    def number(self) -> int:
        """Return the position as people count."""
        return self.position + 1

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Return all hints of the row."""
        return tuple(getattr(self, part) for part in PARTS)

    @property
    def main_hints(self) -> tuple[Hint, ...]:
        """Return the hints of the inputs that every destination needs."""
        return (self.host, self.port, self.protocol, self.tls_origination)

    @property
    def shows_options(self) -> bool:
        """Whether the inputs that few destinations need are unfolded."""
        wrong = (self.addresses.is_invalid, self.alias.is_invalid, self.long_lived.is_invalid)
        return self.row.has_options or any(wrong)


@dataclass(frozen=True)
class FormView:
    """The form with all hints. `general` are sentences that belong to no single input."""

    typed: TypedRequest
    hints: Mapping[str, Hint]
    rows: tuple[RowView, ...]
    general: tuple[str, ...] = ()

    @property
    def all_hints(self) -> list[Hint]:
        """Return every hint, in the order of the inputs."""
        plain = [self.hints[name] for name in _NAMES]
        return [*plain, *(hint for row in self.rows for hint in row.hints)]

    @property
    def mistakes(self) -> list[Hint]:
        """Return the hints that stand in the way of sending the form."""
        return [hint for hint in self.all_hints if hint.is_invalid]


def form_view(
    typed: TypedRequest,
    *,
    errors: Mapping[str, Iterable[str]] | None = None,
    findings: Iterable[Finding] = (),
    general: Iterable[str] = (),
    fixes: Mapping[str, tuple[FixButton, ...]] | None = None,
    read_as: Mapping[str, str] | None = None,
) -> FormView:
    """Return the form with errors, findings and fixes put below the inputs they belong to.

    `read_as` holds, by input, hosts that were understood otherwise than they were typed.
    """
    parts = [
        f"destinations-{position}-{part}" for position in range(len(typed.rows)) for part in PARTS
    ]
    hints = {name: Hint(name, fixes=(fixes or {}).get(name, ())) for name in (*_NAMES, *parts)}
    for name, host in (read_as or {}).items():
        hints[name].read_as = host
    left_over = list(general)
    for path, sentences in (errors or {}).items():
        hint = hints.get(typed.field_of(path))
        (hint.errors if hint else left_over).extend(sentences)
    for finding in findings:
        hint = hints.get(typed.field_of(finding.field))
        if hint and finding.reason not in SAID_OF_THE_WAY:
            hint.findings.append(finding)
    rows = tuple(
        RowView(
            position,
            row,
            *(hints[f"destinations-{position}-{part}"] for part in PARTS),
        )
        for position, row in enumerate(typed.rows)
    )
    return FormView(typed, hints, rows, tuple(left_over))


def previewed(
    typed: TypedRequest,
    preview: Preview,
    fixes: Mapping[str, tuple[FixButton, ...]] | None = None,
    noted: "Noted | None" = None,
) -> FormView:
    """Return the form with what the preview says, silent about what nobody typed yet."""
    errors = {
        path: list(sentences)
        for path, sentences in (preview.errors or {}).items()
        if _is_typed(typed, typed.field_of(path))
    }
    findings = findings_worth_showing(preview)
    if noted:
        errors |= noted.errors
        findings += [Finding("Pasted", text, Level.INFO, "paste") for text in noted.remarks]
    general = noted.general if noted else ()
    read_as = typed.read_as(preview.destinations)
    return form_view(
        typed, errors=errors, findings=findings, general=general, fixes=fixes, read_as=read_as
    )


@dataclass(frozen=True)
class Noted:
    """What a pressed button has to say: by input, about pasted text, and in general."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    general: tuple[str, ...] = ()


def findings_worth_showing(preview: Preview) -> list[Finding]:
    """Return the findings, but none on missing destinations while none is understood yet."""
    if any(preview.destinations):
        return list(preview.findings)
    return [finding for finding in preview.findings if finding.field != "destinations"]


def refused(
    typed: TypedRequest,
    error: ServiceError,
    preview: Preview,
    fixes: Mapping[str, tuple[FixButton, ...]],
) -> FormView:
    """Return the form with the reasons why a service refused it."""
    fields = {path: list(sentences) for path, sentences in error.fields.items()}
    said = [sentence for sentences in fields.values() for sentence in sentences]
    # A host that was not understood is typed all the same: nobody is told that it is missing.
    worth = findings_worth_showing(preview) if typed.filled else preview.findings
    blocking = [finding for finding in worth if finding.message not in said]
    general = [] if fields else [str(error)]
    read_as = typed.read_as(preview.destinations)
    return form_view(
        typed, errors=fields, findings=blocking, general=general, fixes=fixes, read_as=read_as
    )


def _is_typed(typed: TypedRequest, name: str) -> bool:
    if name.startswith("destinations-"):
        _, position, part = name.split("-")
        return bool(str(getattr(typed.rows[int(position)], part, "")).strip())
    if name == "destinations":
        return bool(typed.filled)
    attribute = "duration" if name == "duration_days" else name
    return bool(str(getattr(typed, attribute, "")).strip())


def choices(standing: Standing, typed: TypedRequest, visible: list[Cluster]) -> dict[str, object]:
    """Return what can be chosen in the form. `visible` are the clusters that the person may see."""
    return {
        "clusters": _askable_clusters(standing, visible),
        "namespace_options": namespace_options(standing, typed.cluster),
        "account_options": account_options(standing, typed.cluster, typed.namespace),
        "presets": CatalogueEntry.objects.filter(is_active=True),
        "protocols": [(protocol.value, words) for protocol, words in PROTOCOL_WORDS.items()],
        "durations": durations(typed.duration),
        "max_destinations": settings.MAX_DESTINATIONS,
    }


def _askable_clusters(standing: Standing, visible: list[Cluster]) -> list[Cluster]:
    """Return the clusters in which the person may ask for a namespace."""
    if not (standing.sees_everything or standing.scopes):
        # Without a role nobody sees any other.
        return visible
    # By a query of its own: an inventory may hold thousands of namespaces.
    owned = askable_namespaces(standing).order_by().values("cluster")
    return list(Cluster.objects.filter(pk__in=owned).order_by("name"))


def with_only_choices(typed: TypedRequest, found: Mapping[str, object]) -> TypedRequest:
    """Return the form with cluster and namespace filled in where there is only one to choose."""
    clusters, namespaces = found["clusters"], found["namespace_options"]
    if isinstance(namespaces, list) and len(namespaces) == 1 and typed.is_untouched:
        typed = replace(typed, namespace=namespaces[0].name)
    if isinstance(clusters, list) and len(clusters) == 1 and not typed.cluster:
        typed = replace(typed, cluster=clusters[0].name)
    return typed


def namespace_options(standing: Standing, cluster: str, typed: str = "") -> list[Namespace]:
    """Return namespaces to suggest, at most 50, for what was typed so far."""
    found = askable_namespaces(standing).filter(name__contains=_plain(typed))
    if cluster:
        found = found.filter(cluster__name=_plain(cluster))
    return list(found[:OPTIONS_SHOWN])


def account_options(standing: Standing, cluster: str, namespace: str, typed: str = "") -> list[str]:
    """Return names of service accounts to suggest, at most 50."""
    found = askable_namespaces(standing).filter(name=_plain(namespace))
    if cluster:
        found = found.filter(cluster__name=_plain(cluster))
    row = found.first() if namespace else None
    if row is None:
        return []
    accounts = service_accounts_of(row).filter(name__contains=_plain(typed))
    return list(accounts.values_list("name", flat=True)[:OPTIONS_SHOWN])


def durations(chosen: str) -> list[tuple[str, str]]:
    """Return the durations to choose from, the chosen one among them.

    No end date is offered where the policies allow it, and shown where somebody chose it.
    """
    numbers = {days for days in DURATIONS if days <= settings.MAX_DURATION_DAYS}
    if chosen.isascii() and chosen.isdigit() and len(chosen) <= 6:
        numbers.add(int(chosen))
    offered = [(str(days), f"{days} day{'' if days == 1 else 's'}") for days in sorted(numbers)]
    if limits().unlimited_allowed or chosen == NO_END:
        offered.append((NO_END, "No end date"))
    return offered


def _plain(text: str) -> str:
    # PostgreSQL refuses to compare with a NUL.
    return text.strip().replace("\0", "")[:253]
