"""Ways out that the portal did not write, listed so that people know of them (istio.md 6, 9)."""

from collections.abc import Iterator

from egress.domain.objects import KubeObject, key_of
from egress.domain.posture.look import Look, place_of
from egress.domain.posture.matching import hosts_of, items, name_of, namespace_of, part
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read
from egress.domain.wording import listed, quoted

CHECK = "Foreign"
_NAMED = 3


def foreign_egress(look: Look) -> Iterator[Row]:
    """Yield the foreign entries for outside hosts, and Services without selector."""
    for entry in look.foreign(Read.SERVICE_ENTRY):
        hosts = sorted(hosts_of(entry))
        shown = listed([quoted(host) for host in hosts[:_NAMED]])
        rest = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
        yield _row(entry, f"The foreign {place_of(entry)} opens {shown}{rest}.")
    for service in look.foreign(Read.SERVICE):
        if _leads_out(look, service):
            yield _row(
                service,
                f"The {place_of(service)} has no selector: whoever writes its endpoints decides "
                "where it leads.",
            )


def _leads_out(look: Look, service: KubeObject) -> bool:
    spec, namespace = part(service, "spec"), namespace_of(service)
    if spec.get("selector") or spec.get("type") == "ExternalName":
        # An ExternalName opens nothing of its own: it needs an entry for what it names.
        return False
    is_api_server = (namespace, name_of(service)) == ("default", "kubernetes")
    is_system = namespace in look.cluster.protected_namespaces
    return bool(items(service, "spec", "ports")) and not is_api_server and not is_system


def _row(obj: KubeObject, sentence: str) -> Row:
    return Row(
        CHECK,
        Level.WARN,
        Scope.NAMESPACE,
        sentence,
        str(key_of(obj)),
        "Let its owner request the destination, and remove it.",
        namespace=namespace_of(obj),
    )
