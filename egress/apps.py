"""Django's entry to the application."""

from django.apps import AppConfig


class EgressConfig(AppConfig):
    """Egress access: requests, decisions, grants, convergence, audit."""

    name = "egress"
    verbose_name = "Egress"

    def ready(self) -> None:
        """Register the system checks and the permissions, and watch second factors."""
        from egress import checks, permissions  # noqa: F401
        from egress.web.sign_in.factors import watch_factors

        permissions.register()
        watch_factors()
