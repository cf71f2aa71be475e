"""Two at once: one decision, one second look, and each grant ended once."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.models import AuditEvent, BreakGlass, Grant, Namespace, Person
from egress.services import audit, break_glass, requests
from egress.services.errors import Conflict
from tests import factories as make
from tests.services.at_once import at_once, winners
from tests.services.break_glass.opening import look, open_at_once
from tests.tries import tries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
ROUNDS = tries(4, of=30)


def test_an_opening_and_an_approval_at_once_make_one_decision(
    shop: Namespace, gina: Person, alice: Person
) -> None:
    for number in range(ROUNDS):
        asked = make.request(shop, gina, f"h{number}.example.com")
        approve = partial(
            requests.decide,
            request=asked,
            actor=make.actor(alice),
            revision=1,
            verdicts={0: Verdict.APPROVED},
        )
        results = at_once([partial(open_at_once, asked, gina), approve])
        assert len(winners(results)) == 1, results
        assert any(isinstance(result, Conflict) for result in results)
        grant = Grant.objects.get(request=asked)
        opened = BreakGlass.objects.filter(request=asked).exists()
        assert opened == (grant.expires_at is not None)
    assert audit.verify().ok


def test_two_workers_and_an_approver_at_once_give_one_answer(
    shop: Namespace, gina: Person, alice: Person
) -> None:
    for number in range(ROUNDS):
        asked = make.request(shop, gina, f"h{number}.example.com")
        open_at_once(asked, gina)
        late = timezone.now() + timedelta(hours=25)
        lapse = partial(break_glass.lapse_unlooked, now=late)
        at_once([lapse, partial(look, asked, alice, "end", "Not needed."), lapse])
        assert not BreakGlass.objects.get(request=asked).is_awaited
        assert Grant.objects.get(request=asked).status == "revoked"
        told = AuditEvent.objects.filter(target_id=str(asked.pk), tag__startswith="break-glass:")
        assert told.count() == 2
    assert AuditEvent.objects.filter(tag="grant:revoked").count() == ROUNDS
    assert audit.verify().ok
