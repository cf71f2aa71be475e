"""Guessing is limited to the number, by account, by address, and for nobody else."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from egress.models import GuessCount, Person
from egress.services import tokens
from egress.services.sign_in import guesses
from egress.services.sign_in.addresses import address_of
from egress.services.sign_in.guesses import Attempt, Limit, forget_old, take
from tests import factories

FEW = Limit("few", 3, timedelta(minutes=1))


@pytest.fixture(autouse=True)
def _served_plainly(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.SECURE_SSL_REDIRECT = False
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def sign_in(
    username: str, password: str = "wrong", client: Client | None = None, **meta: str
) -> int:
    form = {"username": username, "password": password}
    return (client or Client()).post(reverse("sign-in"), form, **meta).status_code  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_limit_lets_its_number_through_and_begins_anew_when_its_time_is_over() -> None:
    assert [take(FEW, "one") for _ in range(5)] == [True, True, True, False, False]
    assert take(FEW, "two")
    GuessCount.objects.update(ends_at=timezone.now())
    assert take(FEW, "one")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tries", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_of_many_at_once_exactly_the_limit_passes(tries: int) -> None:
    def one(_: int) -> bool:
        try:
            return Attempt("owner", f"192.0.2.{_ % 250}").begin()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(one, range(tries))) == guesses.BY_ACCOUNT.count


@pytest.mark.django_db
def test_the_right_password_does_not_help_after_too_many_wrong_ones(owner: Person) -> None:
    told = [sign_in("owner") for _ in range(guesses.BY_ACCOUNT.count)]
    assert set(told) == {422}
    assert sign_in("OWNER", factories.PASSWORD) == 429
    assert sign_in("owner", factories.PASSWORD) == 429


@pytest.mark.django_db
def test_whoever_guesses_does_not_lock_the_owner_out_of_a_known_device(owner: Person) -> None:
    known = Client()
    assert sign_in("owner", factories.PASSWORD, known) == 302
    known.post(reverse("sign-out"))
    for number in range(guesses.BY_ADDRESS.count):
        sign_in("owner" if number % 2 else f"other-{number}")
    assert sign_in("owner", factories.PASSWORD) == 429
    assert sign_in("owner", factories.PASSWORD, known) == 302


@pytest.mark.django_db
def test_a_forged_address_gives_no_more_tries(owner: Person) -> None:
    for number in range(guesses.BY_ADDRESS.count):
        sign_in(f"person-{number}", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert sign_in("owner", factories.PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.99") == 429


@pytest.mark.django_db
def test_right_ones_are_not_counted(owner: Person) -> None:
    for _ in range(guesses.BY_ADDRESS.count + 1):
        assert sign_in("owner", factories.PASSWORD) == 302


def change_password(client: Client, old: str, new: str = "a brand new long passphrase") -> int:
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("password"), form).status_code


@pytest.mark.django_db
def test_an_old_password_is_not_guessed_on_the_page_that_changes_it(owner: Person) -> None:
    client = Client()
    client.force_login(owner)
    for number in range(guesses.BY_CODE.count):
        assert change_password(client, f"wrong {number}") == 422
    assert change_password(client, factories.PASSWORD) == 422
    owner.refresh_from_db()
    assert owner.check_password(factories.PASSWORD)


@pytest.mark.django_db
def test_guesses_there_and_before_changing_a_factor_count_together(owner: Person) -> None:
    client = Client()
    client.force_login(owner)
    for _ in range(guesses.BY_CODE.count - 1):
        change_password(client, "wrong")
    confirm = reverse("account_reauthenticate")
    assert client.post(confirm, {"password": "wrong"}).status_code == 200
    assert b"tried too often" in client.post(confirm, {"password": factories.PASSWORD}).content


@pytest.mark.django_db
def test_right_old_passwords_are_not_counted(owner: Person) -> None:
    client, old = Client(), factories.PASSWORD
    client.force_login(owner)
    for number in range(guesses.BY_CODE.count + 1):
        new = f"a brand new long passphrase {number}"
        assert change_password(client, old, new) == 302
        old = new


@pytest.mark.django_db
def test_wrong_tokens_are_limited_by_address_and_hold_no_right_one_up(owner: Person) -> None:
    def call(secret: str) -> int:
        bearer = {"Authorization": f"Bearer {secret}"}
        return Client().get("/api/v1/me/", headers=bearer).status_code

    for _ in range(guesses.BY_TOKEN.count):
        guesses.take(guesses.BY_TOKEN, "127.0.0.1")
    assert call("egp_12345678_wrong") == 429
    _, secret = tokens.create(
        owner=owner, name="ci", scopes=["read"], days=5, actor=factories.actor(owner)
    )
    assert call(secret) == 200


@pytest.mark.django_db
def test_old_counts_are_forgotten() -> None:
    take(FEW, "one")
    assert forget_old() == 0
    GuessCount.objects.update(ends_at=timezone.now() - timedelta(days=1))
    assert forget_old() == 1


@pytest.mark.parametrize(
    ("here", "said", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "unknown"),
        ("", "198.51.100.7", "unknown"),
        ("2001:db8::1", "", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    here: str, said: str, address: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert address_of({"REMOTE_ADDR": here, "HTTP_X_FORWARDED_FOR": said}) == address


@pytest.mark.slow
@pytest.mark.django_db
def test_known_and_unknown_names_take_the_same_time(owner: Person, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    owner.set_password(factories.PASSWORD)
    owner.save()

    def taken(name: str) -> float:
        GuessCount.objects.all().delete()
        begun = time.perf_counter()
        sign_in(name)
        return time.perf_counter() - begun

    taken("owner")
    # Pairs, because a machine that turns slower meanwhile does so for both of a pair.
    pairs = [(taken("owner"), taken("nobody")) for _ in range(40)]
    usual = statistics.median(known for known, _ in pairs)
    apart = statistics.median(known - unknown for known, unknown in pairs)
    assert abs(apart) < max(0.005, 0.03 * usual)
