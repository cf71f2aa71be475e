"""`manage.py worker_alive`: tells an orchestrator whether sweeps happen."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from egress.models import Cluster


class Command(BaseCommand):
    """Fails when no worker swept lately, although there is a cluster to sweep."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare the newest sweep of any cluster with the clock."""
        if not Cluster.objects.exists():
            self.stdout.write("No cluster is connected.")
            return
        allowed = timedelta(seconds=3 * settings.FULL_SWEEP_SECONDS + 60)
        if not Cluster.objects.filter(swept_at__gte=timezone.now() - allowed).exists():
            raise CommandError(f"No cluster was swept within {allowed.total_seconds():.0f} s.")
        self.stdout.write("Sweeps happen.")
