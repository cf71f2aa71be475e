"""Objects of others that lead out of the mesh: what they are, and which grants equal them."""

from egress.domain.adoption.equivalence import Adoptable, Surrounding, first_look, judge
from egress.domain.adoption.reading import EntryRead, NotAdoptableError, Refusal, read_entry
from egress.domain.adoption.ways_out import WayOut, ways_out

__all__ = [
    "Adoptable",
    "EntryRead",
    "NotAdoptableError",
    "Refusal",
    "Surrounding",
    "WayOut",
    "first_look",
    "judge",
    "read_entry",
    "ways_out",
]
