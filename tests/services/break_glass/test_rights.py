"""The right to break the glass, as rules and permissions tell of it."""

import pytest

from egress import rules
from egress.models import Person, Request, TokenLimits
from egress.models.standing import standing_of

pytestmark = pytest.mark.django_db


def test_a_token_opens_nothing_outside_of_its_limits(asked: Request, gina: Person) -> None:
    limited = standing_of(gina).narrowed(TokenLimits(namespaces=("pay*",)))
    assert rules.why_may_break_glass(limited, asked) == (
        False,
        'You may not break the glass: your token is not for namespace "shop" of cluster "main".',
    )
    within = standing_of(gina).narrowed(TokenLimits(namespaces=("sh*",)))
    assert rules.may_break_glass(within, asked)


def test_the_right_is_a_permission_of_its_own(asked: Request, gina: Person, mate: Person) -> None:
    assert gina.has_perm("egress.break_glass", asked)
    assert not gina.has_perm("egress.decide", asked)
    assert not mate.has_perm("egress.break_glass", asked)
    assert rules.why_may_break_glass(gina, asked)[1] == (
        'You may break the glass for namespace "shop" of cluster "main".'
    )
