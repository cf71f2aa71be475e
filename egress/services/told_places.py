"""What channels and webhooks have in common: a name of their own, and what they are told of."""

from egress.domain.wording import quoted
from egress.models import Channel, Webhook
from egress.models.scope import SCOPE_PATTERN
from egress.services import texts


def accept_name_and_namespaces(
    stored: Channel | Webhook, name: str, namespaces: str
) -> dict[str, list[str]]:
    """Set the name and the pattern of namespaces; return what is wrong with them, by field."""
    errors: dict[str, list[str]] = {}
    stored.name, stored.namespaces = texts.tidy(name), namespaces
    others = type(stored)._default_manager.exclude(pk=stored.pk)
    if problem := texts.problem_of_line(stored.name, what="The name", limit=100):
        errors["name"] = [problem]
    elif others.filter(name=stored.name).exists():
        errors["name"] = [f"The name {quoted(stored)} is taken. Choose another one."]
    if not SCOPE_PATTERN.fullmatch(namespaces):
        errors["namespaces"] = [
            f"{quoted(namespaces)} is no pattern. Use lower-case letters, digits, - * and ?."
        ]
    return errors
