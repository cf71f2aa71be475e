"""Wiring of Egress Portal: settings, addresses, processes. No business rules."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
