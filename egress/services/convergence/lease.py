"""Named jobs that one process at a time does: claimed by conditional UPDATE, for a time."""

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from egress.models import Lease
from egress.services.convergence.clock import from_now


def take(name: str, holder: str, *, seconds: float) -> bool:
    """Take or prolong a lease for so many seconds. False when another holder has it."""
    Lease.objects.get_or_create(name=name)
    is_open = Q(until=None) | Q(until__lt=Now()) | Q(holder=holder)
    taken = Lease.objects.filter(is_open, name=name).update(
        holder=holder, until=from_now(seconds), fence=F("fence") + 1
    )
    return bool(taken)


def hold(name: str, holder: str) -> bool:
    """Keep a lease until the caller's transaction ends. False when it ran out or was taken."""
    row = Lease.objects.filter(name=name, holder=holder, until__gt=Now())
    return bool(row.update(fence=F("fence")))


def give_back(name: str, holder: str) -> None:
    """Let others take a lease at once."""
    Lease.objects.filter(name=name, holder=holder).update(holder="", until=None)


def lock(name: str) -> None:
    """Let nobody else past this point until the caller's transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A lock lasts as long as a transaction.")
    Lease.objects.get_or_create(name=name)
    Lease.objects.filter(name=name).update(fence=F("fence") + 1)
