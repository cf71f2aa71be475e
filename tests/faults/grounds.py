"""Where suites stand: an empty database, a connected sandbox, people. Without pytest."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from itertools import count
from typing import Any
from unittest import mock

from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from egress.cluster.gateway import ClusterGateway
from egress.cluster.inventory import read_inventory
from egress.models import AuditHead, Cluster
from egress.services import audit, bell, gateways, inventory
from egress.services.credentials import seal
from tests import factories
from tests.cluster.company import Company, company_in_process
from tests.cluster.sandboxes import sandbox_in_process
from tests.services.world import TEAM, World

_triggers = import_module("egress.migrations.0002_audit_triggers")
_worlds = count(1)
QUICK_PASSWORDS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def empty_database() -> None:
    """Empty all tables, the audit trail too, which takes its guards off for the moment."""
    tables = sorted(model._meta.db_table for model in apps.get_app_config("egress").get_models())
    joined = {
        field.m2m_db_table()
        for model in apps.get_app_config("egress").get_models()
        for field in model._meta.local_many_to_many
    }
    wanted = [*tables, *sorted(joined)]
    if connection.vendor == "postgresql":
        # The one statement waits for nobody: what other connections left open would hold it up.
        _end_others()
    _run(_triggers.drop_statements(connection.vendor))
    flush = connection.ops.sql_flush(no_style(), wanted, allow_cascade=True)
    connection.ops.execute_sql_flush(flush)
    _run(_triggers.create_statements(connection.vendor))
    AuditHead.objects.get_or_create(pk=1)


def _end_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND state LIKE 'idle in transaction%'"
        )


def _run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def quick_people() -> Iterator[None]:
    """Hash passwords in no time: the slow way takes half a second for each person."""
    with override_settings(PASSWORD_HASHERS=QUICK_PASSWORDS):
        yield


def hurry_sqlite() -> None:
    """Let SQLite not wait for the disk, on this connection; for suites that kill nobody."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")


@contextmanager
def answered_by(gateway: ClusterGateway) -> Iterator[None]:
    """Let every connection to a cluster lead to `gateway`."""
    keys = [Fernet.generate_key().decode()]
    with (
        override_settings(CREDENTIAL_KEYS=keys),
        mock.patch.object(gateways, "dial", return_value=gateway),
    ):
        gateways.forget_gateways()
        try:
            yield
        finally:
            gateways.forget_gateways()


@contextmanager
def world(*namespaces: str, **cluster: Any) -> Iterator[World]:
    """Yield a connected sandbox in this process; afterwards the database is empty.

    It has the `namespaces`, `shop` and `data` when none are named, all of `team-shop`, each with
    the service account `web`. Further arguments are fields of the cluster's row. The bell rings
    into a list.
    """
    rung: list[int] = []
    with (
        sandbox_in_process() as sandbox,
        quick_people(),
        answered_by(sandbox.gateway),
        mock.patch.object(bell, "ring", rung.append),
    ):
        for name in namespaces or ("shop", "data"):
            labels = {"istio-injection": "enabled", "egress-portal.io/owner": TEAM}
            sandbox.namespace(name, labels)
            sandbox.account(name, "web")
        row = factories.cluster(
            f"sandbox-{next(_worlds)}",
            **{
                "uid": sandbox.gateway.identity().uid,
                "credentials": seal("kubeconfig"),
                "inventory_at": None,
                **cluster,
            },
        )
        row.refresh_from_db()
        admin, dana = factories.admin(), factories.person(teams=[TEAM])
        made = World(row, sandbox, admin, dana, rung)
        made.sync()
        Cluster.objects.filter(pk=row.pk).update(swept_at=timezone.now())
        try:
            yield made
        finally:
            empty_database()


def broken_chain() -> list[str]:
    """Return what is wrong with the audit trail, nothing when it is sound."""
    with transaction.atomic():
        result = audit.verify()
    return [] if result.ok else [f"The audit trail is broken: {result.reason}"]


@contextmanager
def company(**fields: Any) -> Iterator[tuple[Company, Cluster]]:
    """Yield the demo company's cluster, bootstrapped, and the portal's row of it.

    It is connected under gateway enforcement unless `fields` say otherwise; afterwards the
    database is empty. The bell rings into nothing.
    """
    with company_in_process() as made, ExitStack() as stack:
        stack.enter_context(quick_people())
        stack.enter_context(answered_by(made.cluster.gateway))
        stack.enter_context(override_settings(INSTALLATION=made.profile.installation))
        stack.enter_context(mock.patch.object(bell, "ring"))
        row = factories.cluster(
            f"company-{next(_worlds)}",
            **{
                "uid": made.cluster.gateway.identity().uid,
                "enforcement": "gateway",
                "credentials": seal("kubeconfig"),
                "mesh": {"dns_capture": True},
                **fields,
            },
        )
        snapshot = read_inventory(made.cluster.gateway)
        inventory.sync(cluster=row, snapshot=snapshot, now=timezone.now())
        row.refresh_from_db()
        try:
            yield made, row
        finally:
            empty_database()
