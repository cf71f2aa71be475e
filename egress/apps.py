"""Django's entry to the application."""

from django.apps import AppConfig


class EgressConfig(AppConfig):
    """Egress access: requests, decisions, grants, convergence, audit."""

    name = "egress"
    verbose_name = "Egress"

    def ready(self) -> None:
        """Register the system checks and the permissions."""
        from egress import checks, rules  # noqa: F401
