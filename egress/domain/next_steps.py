"""What to do about a grant that could not be applied, by the reason that is kept with it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NextStep:
    """A sentence for people, and the page that helps.

    `page` is `foreign` (the objects of others in the cluster), `cluster`, `clone` (the request,
    to be asked again in another way), or empty.
    """

    words: str
    page: str = ""


_IN_THE_WAY = NextStep(
    "Ask the owner of that object to take it away, or let the portal adopt it. The grant goes on "
    "by itself then.",
    "foreign",
)
_POSTURE = NextStep(
    "An admin has to mend this check of the cluster. The grant goes on by itself then.", "cluster"
)
_AGAIN = NextStep(
    "Nothing to do: the portal tries again by itself. If this lasts for more than some minutes, "
    "ask an admin whether the cluster is up.",
    "cluster",
)
_RIGHTS = NextStep(
    "An admin has to give the portal the right that is missing, or new credentials.", "cluster"
)
_ELSE = NextStep(
    "Trying again does not help. Ask for it in another way, or show this sentence to an admin.",
    "clone",
)
_STEPS = {
    **dict.fromkeys(("ForeignObject", "HostTaken", "AlreadyExists"), _IN_THE_WAY),
    **dict.fromkeys(("PostureBlocks", "GatewayHidden"), _POSTURE),
    **dict.fromkeys(
        ("Unreachable", "Timeout", "ServerError", "TooManyRequests", "Conflict", "NotFound"), _AGAIN
    ),
    **dict.fromkeys(("Unauthorized", "Forbidden", "BadCredentials"), _RIGHTS),
    "AliasNotWritten": NextStep(
        "The host itself works. Ask with another alias, or use the host under its own name.",
        "clone",
    ),
    "SubjectGone": NextStep("Ask again for the namespace as it is now.", "clone"),
    "Tampered": NextStep(
        "The stored grant is not what was decided, so nothing carries it out. Tell an auditor, and "
        "ask again.",
        "clone",
    ),
}


def next_step(reason: str) -> NextStep:
    """Return what to do about a failure of that reason; for unknown ones what always helps."""
    return _STEPS.get(reason, _ELSE)
