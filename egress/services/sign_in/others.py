"""What providers say of others than who acts: those whose right a decision rests on."""

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from egress.domain.wording import quoted
from egress.models import Delegation, ProviderAccount
from egress.services.errors import NotAllowed, Unavailable
from egress.services.looking import looked
from egress.services.sign_in.claims import OLDEST, refresh_claims


def read_again(people: Iterable[int]) -> None:
    """Read again what providers say of people, by primary key, and of who lends them a right.

    Only where the last word is older than OLDEST: of most it is not. Of whom a provider does not
    vouch for any more the standing has nothing left, so read standings afterwards. Call it
    outside of transactions, or within `begin_anew_after_looking`; it takes at most three seconds
    for each. Raises Unavailable when nobody can tell.
    """
    now, whom = timezone.now(), sorted(set(people))
    lent = Delegation.objects.filter(
        delegate__in=whom, starts_at__lte=now, ends_at__gt=now, revoked_at=None
    )
    old = ProviderAccount.objects.filter(
        Q(person__in=whom) | Q(person__in=lent.values("lender")),
        closed_at__isnull=True,
        read_at__lte=now - OLDEST,
    )
    accounts = list(old.select_related("person").order_by("pk"))
    if accounts:
        key = ("claims", tuple(account.pk for account in accounts))
        looked(key, lambda: _read_all(accounts))


def _read_all(accounts: Iterable[ProviderAccount]) -> None:
    for account in accounts:
        _read(account)


def _read(account: ProviderAccount) -> None:
    try:
        refresh_claims(account.person, older_than=OLDEST)
    except NotAllowed:
        # Closed now, which their standing says from here on.
        return
    except Unavailable as error:
        raise Unavailable(
            f"The identity provider {quoted(account.provider)} does not say whether it still "
            f"vouches for {quoted(account.person)}, on whose right this rests. Try again in a "
            "moment.",
            reason="ProviderNotRead",
        ) from error
