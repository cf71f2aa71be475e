"""What every test starts from: a database like the real one, and a small company."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase

from egress.models import AuditHead, Cluster, Namespace, Person, Request, Role
from tests import factories, prepared

triggers = import_module("egress.migrations.0002_audit_triggers")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite's test database in a file, so that threads have connections of their own.

    The file is there and migrated already, which Django has to find out only.
    """
    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        path: Path = tmp_path_factory.mktemp("database") / "portal.sqlite3"
        database["TEST"]["NAME"] = str(path)
        prepared.database(path)


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Let the migrated file of SQLite stand; other databases are made anew."""
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """Hash passwords in no time: the slow way takes half a second for each person."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def _calls_without_number() -> None:
    """Let tests call the API as often as they like; those of the limit set it."""
    settings.API_CALLS_A_MINUTE = settings.API_STRANGERS_A_MINUTE = 0


@pytest.fixture(scope="session", autouse=True)
def _emptying_past_the_triggers() -> Iterator[None]:
    """Let tests that commit empty the audit trail afterwards, which nobody else can."""
    tear_down = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_triggers(case: Any) -> None:
        _run(triggers.drop_statements(connection.vendor))
        tear_down(case)
        _run(triggers.create_statements(connection.vendor))
        AuditHead.objects.get_or_create(pk=1)

    TransactionTestCase._fixture_teardown = without_triggers  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = tear_down  # type: ignore[attr-defined]


def _run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def cluster(db: None) -> Cluster:
    """A cluster with sidecar enforcement that nothing can reach."""
    return factories.cluster("main")


@pytest.fixture
def shop(cluster: Cluster) -> Namespace:
    """The namespace of `team-shop`, with the service accounts `default` and `web`."""
    return factories.namespace(cluster, "shop", owner="team-shop", accounts=("default", "web"))


@pytest.fixture
def payments(cluster: Cluster) -> Namespace:
    """The namespace of `team-payments`, which the three fixed people do not own."""
    return factories.namespace(cluster, "payments", owner="team-payments", accounts=("api",))


@pytest.fixture
def owner(db: None) -> Person:
    """A developer of `team-shop`, who asks for things."""
    return factories.person("owner", teams=["team-shop"])


@pytest.fixture
def mate(db: None) -> Person:
    """A team mate of the owner who is an approver everywhere."""
    return factories.approver("mate", teams=["team-shop"])


@pytest.fixture
def stranger(db: None) -> Person:
    """A developer of another team."""
    return factories.person("stranger", teams=["team-payments"])


@pytest.fixture
def alice(db: None) -> Person:
    """An approver everywhere, in no team."""
    return factories.approver("alice")


@pytest.fixture
def adam(db: None) -> Person:
    """An admin, who is no approver."""
    return factories.admin("adam")


@pytest.fixture
def olga(db: None) -> Person:
    """An auditor."""
    return factories.auditor("olga")


@pytest.fixture
def superuser(db: None) -> Person:
    """A superuser, who is an admin and nothing more."""
    person = factories.person("root", is_superuser=True, is_staff=True)
    assert not person.roles.filter(role=Role.APPROVER).exists()
    return person


@pytest.fixture
def gina(db: None) -> Person:
    """A developer of `team-shop` with the role break-glass everywhere."""
    person = factories.person("gina", teams=["team-shop"])
    factories.role(person, Role.BREAK_GLASS)
    return person


@pytest.fixture
def asked_by_gina(shop: Namespace, gina: Person, mate: Person) -> Request:
    """What gina asks for herself; mate may decide it."""
    return factories.request(shop, gina, "a.example.com")
