"""Refuses to serve on an unsafe set-up."""

from django.core.checks import Error, run_checks
from django.core.exceptions import ImproperlyConfigured


def refuse_unsafe_setup() -> None:
    """Run the numbered checks. Raises ImproperlyConfigured naming each error and its remedy."""
    found = run_checks(tags=["setup"], include_deployment_checks=True)
    errors = [message for message in found if isinstance(message, Error)]
    if errors:
        sentences = [f"{error.id}: {error.msg} {error.hint or ''}".strip() for error in errors]
        raise ImproperlyConfigured("Refusing to start. " + " ".join(sentences))
