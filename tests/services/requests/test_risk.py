"""The risk of a request: stored with its findings, and given to those of older versions."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from egress.models import Namespace, Person, Request, Risk
from egress.services import requests
from tests import factories as make

migration = import_module("egress.migrations.0012_risks")


def test_the_risk_is_the_highest_level_and_follows_each_edit(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    risky = make.draft(shop, make.destination("sftp.example.com", 22))
    request = requests.submit(draft=risky, actor=make.actor(owner))
    assert "review" in {finding["level"] for finding in request.findings}
    assert Request.objects.get().risk == Risk.REVIEW
    plain = make.draft(shop, "api.example.com")
    requests.edit(request=request, draft=plain, actor=make.actor(owner), revision=1)
    stored = Request.objects.get()
    assert "review" not in {finding["level"] for finding in stored.findings}
    assert stored.risk < Risk.REVIEW


@pytest.mark.parametrize(
    ("levels", "risk"),
    [
        ((), Risk.CLEAR),
        (("info",), Risk.INFO),
        (("warn", "info"), Risk.WARN),
        (("info", "review", "warn"), Risk.REVIEW),
        (("block", "info"), Risk.BLOCK),
    ],
)
def test_requests_of_older_versions_get_the_risk_of_their_findings(
    shop: Namespace, owner: Person, levels: tuple[str, ...], risk: Risk
) -> None:
    said = [{"reason": "X", "message": 'It says "level": "block".', "level": one} for one in levels]
    request = make.request(shop, owner, findings=said)
    migration.note_risks(apps, SimpleNamespace(connection=connection))
    request.refresh_from_db()
    assert request.risk == risk
