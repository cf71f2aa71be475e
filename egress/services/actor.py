"""Who acts, and from where."""

from dataclasses import dataclass

from egress.models import ApiToken, Person, TokenLimits
from egress.models.standing import Standing, standing_of


@dataclass(frozen=True)
class Actor:
    """Somebody or something that acts.

    `name` is the text that the audit trail keeps, `source` one of `web`, `api`, `worker` and
    `command`, `request_id` the id of the HTTP request if there is one. `person` is None for the
    portal itself, which can do nothing that needs a person's right. `limits` are those of the
    token that is used, None without, and `token_id` says which one that is.
    """

    person: Person | None
    name: str
    source: str
    request_id: str = ""
    limits: TokenLimits | None = None
    token_id: int | None = None

    @classmethod
    def of(
        cls, person: Person, source: str, request_id: str = "", token: ApiToken | None = None
    ) -> "Actor":
        """Return the actor for somebody who is signed in, or who calls with a token of theirs."""
        if token is None:
            return cls(person, person.username, source, request_id)
        return cls(person, person.username, source, request_id, token.limits, token.pk)

    @property
    def standing(self) -> Standing:
        """Return what the actor is and may do now, read freshly, within the token's limits."""
        return standing_of(self.person).narrowed(self.limits)

    @classmethod
    def system(cls, name: str, source: str = "worker") -> "Actor":
        """Return the actor for a part of the portal, such as `expiry`."""
        return cls(person=None, name=name, source=source)
