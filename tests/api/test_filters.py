"""A list refuses what it does not know: a typo must not show everything."""

import pytest

from egress.models import Cluster, Person
from tests.api.calling import Caller, problem, rows

pytestmark = pytest.mark.django_db
LISTS = {
    "/requests/": ("cluster", "namespace", "status", "requester"),
    "/grants/": ("cluster", "namespace", "service_account", "host", "status", "expires_before"),
    "/clusters/": (),
    "/namespaces/": ("cluster", "name"),
    "/service-accounts/": ("cluster", "namespace"),
    "/catalogue/": (),
    "/deliveries/": ("cluster", "namespace", "outcome"),
    "/audit-events/": (
        *("tag", "actor", "target", "target_id", "cluster", "namespace", "host"),
        *("since", "until"),
    ),
    "/tokens/": (),
}
CHOICES = {"status": "pending", "outcome": "done"}
TIMES = ("since", "until", "expires_before")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_takes_its_filters_and_no_other(path: str, adam: Person) -> None:
    caller = Caller(adam)
    for name in LISTS[path]:
        value = CHOICES.get(name, "2026-11-02T09:30:00Z" if name in TIMES else "x")
        rows(caller.get(path, {name: value}))
    errors = problem(caller.get(path, {"statsu": "pending", "q": "x"}), 422)["errors"]
    assert set(errors) == {"statsu", "q"}


@pytest.mark.parametrize("path", LISTS)
def test_no_text_breaks_a_filter(path: str, adam: Person) -> None:
    caller = Caller(adam)
    for name in LISTS[path]:
        for text in ("\0", "a\0b", "%", "_", "'", "\\", "\U0001f4a9", "x" * 10_000):
            answer = caller.get(path, {name: text})
            if answer.status_code != 200:
                assert [*problem(answer, 422)["errors"]] == [name]
            else:
                assert "\0" not in text


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-02-30",
        "2026-11-02T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "2026-11-02T00:00:00+99:99",
    ],
)
def test_a_time_that_cannot_be_is_refused(time: str, adam: Person) -> None:
    for path, name in (("/audit-events/", "since"), ("/grants/", "expires_before")):
        assert [*problem(Caller(adam).get(path, {name: time}), 422)["errors"]] == [name]


@pytest.mark.parametrize("time", ["2026-11-02T09:30:00Z", "2026-11-02T09:30:00.5+02:00"])
def test_a_time_may_have_any_zone(time: str, adam: Person) -> None:
    rows(Caller(adam).get("/audit-events/", {"since": time, "until": time}))


@pytest.mark.parametrize(
    "asked",
    ["/audit-events/?until=", "/grants/?status=", "/clusters/main/foreign/?adoptable=maybe"],
)
def test_a_filter_that_says_nothing_is_refused_instead_of_passed_over(
    asked: str, cluster: Cluster, adam: Person
) -> None:
    problem(Caller(adam).get(asked), 422)


def test_an_unknown_status_is_refused(adam: Person) -> None:
    for path, name in (
        ("/requests/", "status"),
        ("/grants/", "status"),
        ("/deliveries/", "outcome"),
    ):
        assert [*problem(Caller(adam).get(path, {name: "none"}), 422)["errors"]] == [name]
