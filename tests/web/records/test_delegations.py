"""The pages of delegations, scopes and owners of catalogue entries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.models import CatalogueEntry, Delegation, Person, RoleBinding
from tests import factories
from tests.web.records.pages import get, post, text

pytestmark = pytest.mark.django_db

LENT = "<strong>owner</strong> decides for <strong>alice</strong>"


def soon() -> str:
    return f"{timezone.now() + timedelta(days=3):%Y-%m-%d %H:%M}"


def test_an_approver_lends_on_their_account_and_ends_it(alice: Person, owner: Person) -> None:
    lent = {"delegate": "owner", "ends_at": soon(), "reason": "Holidays"}
    assert post(alice, "account-delegations", **lent).status_code == 302
    assert LENT in text(get(alice, "account-delegations"))
    assert "For “alice”, who lends you this" in text(get(owner, "account"))
    made = Delegation.objects.get()
    assert post(owner, "delegation-revoke", made.pk).status_code == 302
    assert "ended early" in text(get(alice, "account-delegations"))


def test_what_is_typed_wrong_stays_typed(alice: Person) -> None:
    answer = post(alice, "account-delegations", delegate="nobody", ends_at="x", reason="Holidays")
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.content.decode()
    assert not Delegation.objects.exists()


def test_who_decides_nothing_has_nothing_to_lend(owner: Person) -> None:
    assert "nothing to lend" in text(get(owner, "account-delegations"))


def test_admins_see_all_delegations_and_nobody_else(
    adam: Person, alice: Person, owner: Person
) -> None:
    lent = {"lender": "alice", "delegate": "owner", "ends_at": soon(), "reason": "Ill"}
    assert post(adam, "delegations", **lent).status_code == 302
    assert LENT in text(get(adam, "delegations"))
    assert get(alice, "delegations").status_code == 403
    stranger = factories.person()
    assert post(stranger, "delegation-revoke", Delegation.objects.get().pk).status_code == 404


def test_an_admin_limits_an_approver_to_destinations_and_a_risk(
    adam: Person, owner: Person
) -> None:
    role = {"role": "approver", "destinations": "*.Example.com", "max_risk": "2"}
    assert post(adam, "person-role", owner.pk, **role).status_code == 302
    made = RoleBinding.objects.get(person=owner)
    assert (made.destinations, made.max_risk) == ("*.example.com", 2)
    assert "for *.example.com, up to the risk “warn”" in text(get(adam, "person", owner.pk))
    assert "for destinations like “*.example.com”" in text(get(owner, "account"))


@pytest.mark.parametrize("wrong", ["https://x", "*.*.com", "a b", "**"])
def test_a_pattern_that_means_nothing_is_refused(adam: Person, owner: Person, wrong: str) -> None:
    answer = post(adam, "person-role", owner.pk, role="approver", destinations=wrong)
    assert answer.status_code == 422
    assert not RoleBinding.objects.filter(person=owner).exists()


def test_an_admin_names_the_team_that_decides_for_a_catalogue_entry(adam: Person) -> None:
    team = factories.team("vendors")
    entry = {"name": "bank", "title": "Bank", "destinations": "api.bank.com:443 TLS"}
    assert post(adam, "catalogue-new", **entry, owner_team=team.pk).status_code == 302
    assert CatalogueEntry.objects.get(name="bank").owner_team == team
