"""`manage.py rights`: what an operator applies before the portal is connected."""

from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.domain.bootstrap.objects import Plan, bootstrap_objects
from tests.cluster.company import PROFILE


def printed(capsys: pytest.CaptureFixture[str], **options: Any) -> list[dict[str, Any]]:
    """Return the objects that the command prints."""
    call_command("rights", **options)
    return [obj for obj in yaml.safe_load_all(capsys.readouterr().out) if obj]


def test_it_prints_namespaces_account_and_roles_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [obj["kind"] for obj in printed(capsys)]
    assert found[:3] == ["Namespace", "Namespace", "ServiceAccount"]
    assert set(found[3:]) == {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}


@pytest.mark.parametrize("enforcement", Enforcement)
def test_bootstrap_finds_what_was_applied_as_it_wants_it(
    enforcement: Enforcement, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.INSTALLATION = PROFILE.installation
    found = printed(
        capsys,
        account="portal/robot",
        enforcement=[enforcement.value],
        egress_namespace=PROFILE.egress_namespace,
        root_namespace=PROFILE.root_namespace,
    )
    plan = Plan(PROFILE, frozenset({enforcement}), "system:serviceaccount:portal:robot", ())
    wanted = bootstrap_objects(plan)
    assert all(obj in wanted for obj in found)
    assert {obj["kind"] for obj in found} >= {kinds.NAMESPACE.kind, "ClusterRoleBinding"}


def test_an_account_without_a_namespace_is_refused() -> None:
    with pytest.raises(CommandError, match="NAMESPACE/NAME"):
        call_command("rights", account="robot")
