"""`manage.py verify_audit`: check the chain of the audit trail."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from egress.services import audit


class Command(BaseCommand):
    """Checks every audit event against the chain, and keeps the result for the audit page.

    Ends with status 1 and the number of the first bad event when the trail was tampered with.
    """

    help = "Check that no audit event was changed, dropped, added or put in another order."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the check."""
        check = audit.verify_and_note()
        if not check.valid:
            self.stderr.write(f"The audit trail is broken. {check.message}")
            sys.exit(1)
        self.stdout.write(f"The audit trail is sound: {check.events} events.")
