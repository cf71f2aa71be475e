"""The catalogue on shelves: presets by what people look for, those of the company first."""

from collections.abc import Iterable
from dataclasses import dataclass

from egress.domain.catalogue import Category
from egress.models import CatalogueEntry

OWN = "Your company's own"
"""The shelf of presets whose note begins with no category."""


@dataclass(frozen=True)
class Preset:
    """A preset with its note, without the category in front of it."""

    entry: CatalogueEntry
    note: str


@dataclass(frozen=True)
class Shelf:
    """Presets of one category; `slug` names it in the address of the page."""

    name: str
    presets: list[Preset]

    @property
    def slug(self) -> str:
        """Return the name as it stands in an address."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())


def shelves(entries: Iterable[CatalogueEntry]) -> list[Shelf]:
    """Return the shelves that hold something, entries in the order given."""
    found: dict[str, list[Preset]] = {name: [] for name in (OWN, *Category)}
    for entry in entries:
        name, note = _category_of(entry.notes)
        found[name].append(Preset(entry, note))
    return [Shelf(name, presets) for name, presets in found.items() if presets]


def matching(entries: Iterable[CatalogueEntry], words: str) -> list[CatalogueEntry]:
    """Return the entries in which each of `words` occurs: name, title, note, owner or host."""
    wanted = words.casefold().split()
    return [entry for entry in entries if all(word in _text_of(entry) for word in wanted)]


def _category_of(notes: str) -> tuple[str, str]:
    """Return the category that a note begins with, and the rest of the note."""
    for category in Category:
        if notes.startswith(f"{category}."):
            return category.value, notes.removeprefix(f"{category}.").strip()
    return OWN, notes


def _text_of(entry: CatalogueEntry) -> str:
    hosts = [str(one.get("host", "")) for one in entry.destinations]
    return " ".join([entry.name, entry.title, entry.notes, entry.owner, *hosts]).casefold()
