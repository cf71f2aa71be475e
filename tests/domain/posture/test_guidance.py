"""Why a check matters, and the commands that show and mend what it found."""

import shlex
from typing import Any

import pytest

from egress.cluster import kinds
from egress.domain.access import Enforcement
from egress.domain.posture import CHECKS, WHY, Level, Row, Scope, Site, steps_for
from tests.cluster.company import Company

SITE = Site("main", "istio-system")
BOOTSTRAP = 'manage.py bootstrap main --kubeconfig "$KUBECONFIG"'
ENTRIES = "serviceentries.networking.istio.io"
GATEWAY = (Enforcement.GATEWAY,)
AMBIENT = (Enforcement.AMBIENT,)


def commands(row: Row, site: Site = SITE) -> list[str]:
    return [step.command for step in steps_for(row, site)]


def row(check: str, obj: str = "", fix: str = "Mend it.", **more: Any) -> Row:
    return Row(check, Level.BLOCK, Scope.CLUSTER, "Found.", obj, fix, **more)


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_says_why_it_matters(check: str) -> None:
    assert WHY[check].endswith(".")


def test_a_check_that_passed_needs_no_command(company: Company) -> None:
    assert {tuple(commands(one)) for one in company.rows()} == {()}


def test_what_cannot_be_read_is_mended_by_giving_the_rights_again() -> None:
    unread = Row("PF3", Level.UNKNOWN, Scope.CLUSTER, "Not readable.", "ServiceEntry shop/x")
    assert commands(unread) == [BOOTSTRAP]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (
            row("PF1", "Gateway istio-egress/waypoint", enforcements=AMBIENT),
            "kubectl -n istio-egress get gateways.gateway.networking.k8s.io waypoint -o yaml",
        ),
        (
            row("PF1", "Service istio-egress/gate", enforcements=GATEWAY),
            "kubectl -n istio-egress edit services gate",
        ),
        (
            row("PF2", "Gateway shop/own"),
            "kubectl -n shop delete gateways.networking.istio.io own",
        ),
        (
            row("PF4", "VirtualService other/route", namespace="shop"),
            "kubectl -n other patch virtualservices.networking.istio.io route --type merge "
            """-p '{"spec":{"exportTo":["."]}}'""",
        ),
        (
            row("PF5", "DestinationRule shop/all", namespace="shop"),
            "kubectl -n shop edit destinationrules.networking.istio.io all",
        ),
        (
            row("PF6", "Sidecar shop/default", namespace="shop"),
            "kubectl -n shop get sidecars.networking.istio.io",
        ),
        (
            row("PF8", "Deployment istiod"),
            "kubectl -n istio-system set env deployment -l app=istiod "
            "PILOT_ENABLE_IP_AUTOALLOCATE=true",
        ),
        (row("PF8", "ConfigMap istio"), "kubectl -n istio-system edit configmaps istio"),
        (
            row("PF8", "Pod shop/web-1", namespace="shop"),
            "istioctl proxy-config bootstrap web-1.shop -o json | grep DNS_CAPTURE",
        ),
        (
            row("PF9", "Namespace shop", namespace="shop"),
            "kubectl label namespaces shop istio-injection=enabled --overwrite",
        ),
        (
            row("PF9", "Namespace shop", "Label it istio.io/dataplane-mode.", namespace="shop"),
            "kubectl label namespaces shop istio.io/dataplane-mode=ambient --overwrite",
        ),
        (
            row("PF9", "Pod shop/web-1", namespace="shop"),
            "kubectl -n shop rollout restart deployment",
        ),
        (row("PF10", "Deployment istiod"), "istioctl version"),
    ],
)
def test_each_finding_has_the_command_for_it(found: Row, wanted: str) -> None:
    assert wanted in commands(found)


def test_a_revision_has_a_mesh_configuration_of_its_own() -> None:
    site = Site("main", "istio-system", "istio-1-29")
    assert commands(row("PF8", "ConfigMap istio"), site) == [
        "kubectl -n istio-system edit configmaps istio-1-29"
    ]


def test_what_bootstrap_lays_down_is_laid_down_again(company: Company) -> None:
    company.remove(kinds.AUTHORIZATION_POLICY, "istio-egress", "default-deny")
    missing = company.found("PF7") + company.found("PF1")
    assert missing
    for one in missing:
        assert commands(one) == [BOOTSTRAP]


def test_an_open_gateway_is_closed_by_a_setting_or_by_admission(company: Company) -> None:
    company.set_istiod(PILOT_SCOPE_GATEWAY_TO_NAMESPACE="false")
    for binding in company.cluster.gateway.list(kinds.VALIDATING_ADMISSION_POLICY_BINDING).items:
        company.cluster.remove(binding)
    closing = commands(company.find_one("PF2"))
    assert closing[0].endswith("-l app=istiod PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true")
    assert closing[1] == f"{BOOTSTRAP} --enforce"


def test_names_of_strangers_stay_one_word_of_a_command() -> None:
    hostile = "x; rm -rf ~ $(id)"
    looking, removing = commands(row("PF3", f"ServiceEntry shop/{hostile}"))
    assert shlex.split(looking)[3:] == ["get", ENTRIES, hostile, "-o", "yaml"]
    assert shlex.split(removing)[3:] == ["delete", ENTRIES, hostile]
    unread = Row("PF3", Level.UNKNOWN, Scope.CLUSTER, "Not readable.")
    assert shlex.split(commands(unread, Site(hostile, "istio-system"))[0])[2] == hostile
