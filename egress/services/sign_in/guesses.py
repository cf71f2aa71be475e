"""How often somebody may guess a password, a code or a token: counted in the database, exactly."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from egress.models import GuessCount


@dataclass(frozen=True)
class Limit:
    """At most `count` tries of one kind within `span`."""

    kind: str
    count: int
    span: timedelta


BY_ACCOUNT = Limit("account", 10, timedelta(minutes=5))
BY_ADDRESS = Limit("address", 30, timedelta(minutes=5))
BY_DEVICE = Limit("device", 10, timedelta(minutes=5))
BY_CODE = Limit("code", 10, timedelta(minutes=5))
BY_TOKEN = Limit("token", 60, timedelta(minutes=1))
USED_CODE = Limit("used-code", 1, timedelta(minutes=5))


def take(limit: Limit, who: str) -> bool:
    """Count one try of `who`; False when the limit is reached, which counts nothing.

    Each try is one conditional UPDATE, so of many at once exactly as many pass as the limit says.
    """
    digest, now = _digest(limit, who), timezone.now()
    rows = GuessCount.objects.filter(digest=digest)
    for _ in range(2):
        if rows.filter(ends_at__gt=now, count__lt=limit.count).update(count=F("count") + 1):
            return True
        if rows.filter(ends_at__lte=now).update(count=1, ends_at=now + limit.span):
            return True
        try:
            with transaction.atomic():
                GuessCount.objects.create(digest=digest, count=1, ends_at=now + limit.span)
        except IntegrityError:
            continue
        return True
    return False


def give_back(limit: Limit, who: str) -> None:
    """Take back one try that was none: it was right."""
    GuessCount.objects.filter(digest=_digest(limit, who), count__gt=0).update(count=F("count") - 1)


@dataclass
class Attempt:
    """One try to sign in. A `device` that signed in to this account before is counted by itself.

    So whoever guesses from elsewhere locks nobody out of a device they know, and a shared address
    full of guesses holds up only devices that nobody knows.
    """

    username: str
    address: str
    device: str = ""

    def begin(self) -> bool:
        """Count the try; False when there were too many."""
        taken: list[tuple[Limit, str]] = []
        for limit, who in self._limits():
            if not take(limit, who):
                for earlier in taken:
                    give_back(*earlier)
                return False
            taken.append((limit, who))
        return True

    def succeed(self) -> None:
        """Take the try back: it was right."""
        for limit, who in self._limits():
            give_back(limit, who)

    def _limits(self) -> list[tuple[Limit, str]]:
        account = self.username.casefold()
        if self.device:
            return [(BY_DEVICE, f"{account}\n{self.device}")]
        return [(BY_ADDRESS, self.address), (BY_ACCOUNT, account)]


def forget_old() -> int:
    """Delete the counts whose time is over; return how many."""
    over = timezone.now() - timedelta(hours=1)
    return GuessCount.objects.filter(ends_at__lt=over).delete()[0]


def _digest(limit: Limit, who: str) -> str:
    key = hashlib.sha256(f"egress-portal.guess:{settings.SECRET_KEY}".encode()).digest()
    text = f"{limit.kind}\n{who}".encode("utf-8", "replace")
    return hmac.new(key, text, hashlib.sha256).hexdigest()
