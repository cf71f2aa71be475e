"""Who acts, and from where."""

from dataclasses import dataclass

from egress.models import Person


@dataclass(frozen=True)
class Actor:
    """Somebody or something that acts.

    `name` is the text that the audit trail keeps, `source` one of `web`, `api`, `worker` and
    `command`, `request_id` the id of the HTTP request if there is one. `person` is None for the
    portal itself, which can do nothing that needs a person's right.
    """

    person: Person | None
    name: str
    source: str
    request_id: str = ""

    @classmethod
    def of(cls, person: Person, source: str, request_id: str = "") -> "Actor":
        """Return the actor for somebody who is signed in."""
        return cls(person=person, name=person.username, source=source, request_id=request_id)

    @classmethod
    def system(cls, name: str, source: str = "worker") -> "Actor":
        """Return the actor for a part of the portal, such as `expiry`."""
        return cls(person=None, name=name, source=source)
