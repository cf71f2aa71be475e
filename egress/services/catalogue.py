"""The catalogue: presets of destinations that admins keep."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from egress.domain.catalogue import PRESETS, Preset
from egress.domain.wording import quoted
from egress.models import CatalogueEntry
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, Refused
from egress.services.requests.drafts import DestinationDraft, Reading, read_destinations

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@transaction.atomic
def save(
    *,
    name: str,
    title: str,
    destinations: Iterable[DestinationDraft],
    actor: Actor,
    notes: str = "",
    owner: str = "",
    owner_team: Group | None = None,
    entry: CatalogueEntry | None = None,
) -> CatalogueEntry:
    """Create a preset, or change `entry`; admins may.

    `owner` is whom to ask about it. Members of `owner_team` may decide requests that are for
    nothing but these destinations, whoever's namespace it is. Raises NotAllowed, Missing, Refused
    by field, and Conflict when the name is taken.
    """
    guards.require_admin(actor)
    values = _accepted(name, title, notes, owner, tuple(destinations))
    values["owner_team"] = owner_team
    return _store(_fresh(entry) if entry is not None else CatalogueEntry(), values, actor)


@dataclass(frozen=True)
class Loaded:
    """The names of presets that were added, and of those that were there already."""

    added: tuple[str, ...]
    kept: tuple[str, ...]


@transaction.atomic
def load(*, actor: Actor, owner: str = "", presets: Iterable[Preset] = PRESETS) -> Loaded:
    """Add the presets that come with the portal; admins may, and operators at the command line.

    A preset whose name is in the catalogue stays as it is, changed and retired ones included.
    `owner` is the team that answers questions. Raises NotAllowed and Refused.
    """
    guards.require_operator(actor, "load the presets")
    known = set(CatalogueEntry.objects.values_list("name", flat=True))
    added, kept = [], []
    for preset in presets:
        if preset.name in known:
            kept.append(preset.name)
            continue
        drafts = tuple(
            DestinationDraft(one.host, one.port, one.protocol, one.tls_origination)
            for one in preset.destinations
        )
        values = _accepted(preset.name, preset.title, preset.text, owner, drafts)
        _store(CatalogueEntry(), values, actor)
        added.append(preset.name)
    return Loaded(tuple(added), tuple(kept))


def _store(stored: CatalogueEntry, values: dict[str, Any], actor: Actor) -> CatalogueEntry:
    before = _facts(stored) if stored.pk else None
    for field, value in values.items():
        setattr(stored, field, value)
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError as error:
        raise Conflict(
            f"The name {quoted(values['name'])} is taken. Choose another one.", reason="NameTaken"
        ) from error
    _record(stored, Tag.CATALOGUE_SAVED, actor, "Saved", before)
    return stored


@transaction.atomic
def retire(*, entry: CatalogueEntry, actor: Actor) -> CatalogueEntry:
    """Take a preset out of the catalogue; admins may. Raises Conflict when it is out already."""
    guards.require_admin(actor)
    stored = _fresh(entry)
    if not CatalogueEntry.objects.filter(pk=stored.pk, is_active=True).update(is_active=False):
        raise Conflict("The preset is retired already.", reason="EntryRetired")
    before = _facts(stored)
    stored.is_active = False
    _record(stored, Tag.CATALOGUE_RETIRED, actor, "Retired", before)
    return stored


def _fresh(entry: CatalogueEntry) -> CatalogueEntry:
    stored = CatalogueEntry.objects.select_related("owner_team").filter(pk=entry.pk).first()
    if stored is None:
        raise Missing("There is no such preset. Look at the catalogue.")
    return stored


def _accepted(
    name: str, title: str, notes: str, owner: str, destinations: tuple[DestinationDraft, ...]
) -> dict[str, Any]:
    reading = Reading()
    if not _NAME.fullmatch(name):
        reading.object_to(
            "name", f"{quoted(name)} is no name. Use lower-case letters, digits and hyphens."
        )
    tidied = {"title": texts.tidy(title), "notes": texts.tidy(notes), "owner": texts.tidy(owner)}
    reading.object_to("title", texts.problem_of_line(tidied["title"], what="The title", limit=120))
    reading.object_to(
        "notes",
        texts.problem_of_text(tidied["notes"], what="The note", limit=2000, required=False),
    )
    reading.object_to(
        "owner", texts.problem_of_line(tidied["owner"], what="The owner", required=False)
    )
    read_destinations(destinations, reading)
    if reading.errors:
        first = next(iter(reading.errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=reading.errors)
    return {"name": name, **tidied, "is_active": True, "destinations": _as_stored(reading)}


def _as_stored(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "host": found.host,
            "port": found.port,
            "protocol": str(found.protocol),
            "tls_origination": found.tls_origination,
        }
        for found in reading.destinations
        if found is not None
    ]


def _facts(entry: CatalogueEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "owner": entry.owner,
        "owner_team": entry.owner_team.name if entry.owner_team else "",
        "notes": entry.notes,
        "destinations": entry.destinations,
        "is_active": entry.is_active,
    }


def _record(
    entry: CatalogueEntry, tag: Tag, actor: Actor, verb: str, before: dict[str, Any] | None
) -> None:
    audit.record(
        tag=tag,
        actor=actor,
        target="catalogue",
        target_id=entry.pk,
        message=f"{verb} the preset {quoted(entry.title)}.",
        data={"before": before, "after": _facts(entry)},
    )
