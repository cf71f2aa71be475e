"""How often somebody may call, counted in the database: whole processes cannot count past it."""

import time
from dataclasses import dataclass

from django.db.models import F

from egress.models import RateLimit

WINDOW_SECONDS = 60
_CLEAN_AFTER = 60
"""After how many windows a row is thrown away: nobody called in all of them."""


@dataclass(frozen=True)
class Counted:
    """One call that was counted, or refused: `left` calls remain for `seconds` more."""

    allowed: bool
    limit: int
    left: int
    seconds: int


def count_call(*, caller: str, limit: int) -> Counted:
    """Count a call of `caller`, at most `limit` in each window of WINDOW_SECONDS.

    One conditional UPDATE decides, so that however many call at once, exactly `limit` pass. A
    call that is refused is not counted.
    """
    now = time.time()
    window = int(now // WINDOW_SECONDS)
    seconds = max(1, round((window + 1) * WINDOW_SECONDS - now))
    mine = RateLimit.objects.filter(caller=caller)
    for _ in range(2):
        # A window ahead of ours is one of a process whose clock is: it counts all the same.
        if mine.filter(window__gte=window, used__lt=limit).update(used=F("used") + 1):
            break
        if mine.filter(window__lt=window).update(window=window, used=1):
            break
        if mine.exists():
            return Counted(False, limit, 0, seconds)
        RateLimit.objects.bulk_create(
            [RateLimit(caller=caller, window=window, used=0)], ignore_conflicts=True
        )
        RateLimit.objects.filter(window__lt=window - _CLEAN_AFTER).delete()
    else:
        return Counted(False, limit, 0, seconds)
    used = mine.values_list("used", flat=True).first() or 0
    return Counted(True, limit, max(0, limit - used), seconds)
