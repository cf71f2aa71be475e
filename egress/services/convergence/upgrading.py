"""Two versions of the portal at once: only the newest renderer that wrote to a cluster goes on.

During an upgrade, workers of the old and of the new version run side by side. Each would find the
objects of the other changed and write its own, for ever. So a cluster remembers the highest
version that wrote to it, and workers of a lower one leave it alone altogether. Revokes, too: what
an older renderer takes away for one grant it would render anew for all others. They stay due, and
the workers of the newer version, which were there to write, carry them out.

Going back is an operator's decision: `manage.py allow_older_generator`.
"""

from collections.abc import Collection, Iterable

import structlog
from django.db.models import QuerySet

from egress.domain import render
from egress.domain.fingerprint import fingerprint
from egress.domain.objects import ObjectKey
from egress.domain.order import Verb
from egress.models import Cluster, Slice
from egress.services.convergence.work import Work

logger = structlog.get_logger(__name__)

_ANEW = "Rendered anew by version"
_NAMED = 5


class OlderGeneratorError(Exception):
    """A newer version of the portal writes to the cluster: this one must not."""


def version() -> int:
    """Return the version of this renderer; they are compared as numbers."""
    return int(render.GENERATOR_VERSION)


def older_sentence(cluster: Cluster) -> str:
    """Return what people are told when this portal is too old for a cluster, else nothing."""
    if cluster.generator_version <= version():
        return ""
    return (
        f"A newer version of the portal ({cluster.generator_version}) wrote to cluster "
        f'"{cluster.name}"; this one ({version()}) leaves it alone. Start the newer version, or '
        f"run: manage.py allow_older_generator --cluster {cluster.name}"
    )


def of_newer_versions() -> QuerySet[Cluster]:
    """Return the clusters that this version must leave alone."""
    return Cluster.objects.filter(generator_version__gt=version())


def take_cluster(cluster: Cluster) -> None:
    """Note, in the transaction that announces a write, which version writes.

    Raises OlderGeneratorError when a newer one has written meanwhile.
    """
    mine = version()
    row = Cluster.objects.filter(pk=cluster.pk)
    if mine == (known := row.values_list("generator_version", flat=True).get()):
        return
    if mine < known or not row.filter(generator_version__lte=mine).update(generator_version=mine):
        cluster.generator_version = max(known, mine + 1)
        raise OlderGeneratorError(older_sentence(cluster))


def leaves_alone(cluster: Cluster) -> bool:
    """Tell whether this version must leave a cluster alone, and say so in the log."""
    cluster.refresh_from_db(fields=["generator_version"])
    sentence = older_sentence(cluster)
    if sentence:
        logger.warning("older_generator", cluster=cluster.name, why=sentence)
    return bool(sentence)


def is_rendered_anew(row: Slice, work: Work, keys: Iterable[ObjectKey]) -> bool:
    """Tell whether a slice differs only because another version renders it otherwise.

    Everything there is exactly as it was last written: nobody changed anything.
    """
    if row.generator_version == version() or all(step.verb is Verb.DELETE for step in work.steps):
        return False
    return all(_is_untouched(work, key) for key in keys)


def _is_untouched(work: Work, key: ObjectKey) -> bool:
    live, record = work.live.get(key), work.records.get(key)
    if record is None or not record.uid:
        return live is None
    is_there = live is not None and live["metadata"].get("uid") == record.uid
    return is_there and live is not None and fingerprint(live) == record.content_hash != ""


def anew_sentence(keys: Collection[ObjectKey]) -> str:
    """Return the cause of a delivery that writes what this version renders otherwise."""
    named = ", ".join(str(key) for key in sorted(keys)[:_NAMED])
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"{_ANEW} {version()}: {named}{more}."


def is_anew(cause: str) -> bool:
    """Tell whether a delivery's cause is that another version renders otherwise."""
    return cause.startswith(_ANEW)


def cause_of(row: Slice) -> str:
    """Return the cause of a delivery, with a word when another version wrote the slice before."""
    if row.generator_version in (0, version()) or is_anew(row.cause):
        return row.cause
    return f"{row.cause} ({_ANEW} {version()}.)".strip()[:300]


def note_agreed(cluster: Cluster, seen: Collection[int], drifted: Collection[int]) -> None:
    """Note that this version renders the slices just as they are, those that did not drift."""
    others = Slice.objects.filter(cluster=cluster).exclude(generator_version=version())
    agreed = [pk for pk in others.values_list("pk", flat=True) if pk in seen and pk not in drifted]
    for start in range(0, len(agreed), 500):
        others.filter(pk__in=agreed[start : start + 500]).update(generator_version=version())
