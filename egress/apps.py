"""Django's entry to the application."""

from django.apps import AppConfig


class EgressConfig(AppConfig):
    """Egress access: requests, decisions, grants, convergence, audit."""

    name = "egress"
    verbose_name = "Egress"
