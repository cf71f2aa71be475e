"""What waits and what ends, as charts on home, the queue and the page of a cluster."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from egress.models import Cluster, Namespace, Person, Slice
from egress.models.standing import standing_of
from egress.web.pictures.bars import Chart
from egress.web.records.charts import WEEKS, expiry_chart, queue_chart
from tests import factories
from tests.web.browsing import words
from tests.web.records.pages import get, text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)


def ending(shop: Namespace, at: datetime) -> None:
    factories.grant(shop, host=f"host-{factories.number()}.example.com", expires_at=at)


def expiries(owner: Person) -> Chart:
    chart = expiry_chart(standing_of(owner), SATURDAY)
    assert chart is not None
    return chart


def test_weeks_begin_on_monday_and_the_first_is_the_rest_of_this_one(
    shop: Namespace, owner: Person
) -> None:
    for days in (1, 2, 3, 8):
        ending(shop, SATURDAY + days * DAY)
    chart = expiries(owner)
    assert [bar.count for bar in chart.bars] == [1, 3, *[0] * (WEEKS - 2)]
    assert [bar.label for bar in chart.bars[:3]] == ["21 Nov", "23 Nov", "30 Nov"]
    assert chart.bars[0].words == "21 November to 22 November"
    assert "4 grants end in the next 12 weeks" in chart.sentence
    assert "The fullest is 23 November to 29 November, with 3." in chart.sentence


def test_a_bar_leads_to_exactly_the_grants_that_it_counts(shop: Namespace, owner: Person) -> None:
    for at in (
        datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 29, 23, 59, tzinfo=UTC),
        datetime(2026, 11, 30, tzinfo=UTC),
    ):
        ending(shop, at)
    bar = expiries(owner).bars[1]
    address, _, query = bar.url.partition("?")
    assert address == reverse("grants")
    page = text(get(owner, "grants", query=f"?{query}"))
    assert len(set(re.findall(r"host-\d+\.example\.com", page))) == bar.count == 2


def test_what_ends_later_or_never_makes_no_chart(shop: Namespace, owner: Person) -> None:
    ending(shop, SATURDAY + timedelta(weeks=WEEKS + 1))
    factories.grant(shop, expires_at=None)
    assert expiry_chart(standing_of(owner), SATURDAY) is None


def test_home_tells_when_grants_end_in_words_and_as_a_table(shop: Namespace, owner: Person) -> None:
    ending(shop, timezone.now() + 20 * DAY)
    response = get(owner, "home")
    assert "1 grant ends in the next 12 weeks: " in words(response)
    assert "The fullest" not in words(response)
    assert "The same as a table" in words(response)
    (first, *others) = re.findall(r"<td><a href=\"([^\"]+)\">1</a></td>", text(response))
    assert "expires_from=" in first
    assert others == []


def test_no_link_within_a_hidden_picture_takes_the_focus(shop: Namespace, owner: Person) -> None:
    ending(shop, timezone.now() + 20 * DAY)
    page = text(get(owner, "home"))
    links = re.findall(r"<a [^>]*><title>", page)
    assert len(links) == 2
    assert all('tabindex="-1"' in link for link in links)


def test_the_age_of_the_queue_is_told_to_those_who_decide(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    now = timezone.now()
    for age in (timedelta(minutes=5), 2 * DAY, 9 * DAY):
        factories.request(shop, owner, created_at=now - age)
    chart = queue_chart(standing_of(alice), now)
    assert chart is not None
    assert [bar.count for bar in chart.bars] == [1, 0, 0, 1, 1]
    sentence = "3 requests wait for your decision, 2 of them for a day or more."
    for name in ("home", "queue"):
        assert sentence in words(get(alice, name))
        assert sentence not in words(get(owner, name))


def test_an_empty_queue_has_no_chart(shop: Namespace, alice: Person) -> None:
    assert queue_chart(standing_of(alice), timezone.now()) is None
    assert "The same as a table" not in words(get(alice, "queue"))


def test_the_page_of_a_cluster_tells_how_long_things_wait(
    cluster: Cluster, shop: Namespace, owner: Person, adam: Person
) -> None:
    now = timezone.now()
    for key, age in (("namespace:shop", DAY / 2), ("namespace:secret", 2 * DAY)):
        Slice.objects.create(cluster=cluster, key=key, wanted=1, due_at=now - age)
    everything = words(get(adam, "cluster", "main"))
    assert "2 slices wait to be applied, 2 of them for ten minutes or more." in everything
    assert "1 slice waits to be applied" in words(get(owner, "cluster", "main"))


def test_a_cluster_where_nothing_waits_has_no_chart(cluster: Cluster, adam: Person) -> None:
    assert "The same as a table" not in words(get(adam, "cluster", "main"))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?expires_from=2026-02-30", "Enter a valid date."),
        ("?expires_until=9999-12-31", "Give a day of the years 1970 to 8999."),
        ("?expires_from=0001-01-01", "Give a day of the years 1970 to 8999."),
        ("?expires_from=2026-12-02&expires_until=2026-12-01", "swap the two days."),
    ],
)
def test_days_that_are_none_are_named_beside_their_field(
    owner: Person, shop: Namespace, query: str, sentence: str
) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    page = text(get(owner, "grants", query=query))
    assert sentence in page
    assert "api.stripe.com" not in page
