"""The OpenAPI description: complete, true, and the same for everybody."""

import json
from io import StringIO
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from egress.api.problems import MEDIA_TYPE
from egress.api.views import docs
from egress.domain.lifecycle import GrantStatus
from egress.models import CatalogueEntry, Namespace, Person
from tests import factories as make
from tests.api.addresses import addresses
from tests.api.calling import Caller, wish
from tests.api.test_deliveries import delivered
from tests.web.browsing import inline_code

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The description as the portal gives it."""
    content, media_type = docs.openapi("json")
    assert media_type == "application/vnd.oai.openapi+json"
    described: dict[str, Any] = json.loads(content)
    return described


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method.upper(), operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_made_without_a_warning_and_is_valid() -> None:
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    assert yaml.safe_load(out.getvalue())["openapi"] == "3.1.0"


def test_it_names_every_address_and_method(description: dict[str, Any]) -> None:
    there = {
        (f"/api/v1/{address.route}", method)
        for address in addresses()
        for method in address.methods - {"HEAD"}
        if not address.is_public
    }
    told = {(path, method) for path, method, _ in operations(description)}
    assert len(told) == len(there)
    assert {method for _, method in told} == {"GET", "POST", "PUT", "DELETE"}


def test_every_operation_has_a_name_words_and_its_refusals(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(names)) == len(names)
    for _, method, operation in operations(description):
        assert operation["summary"].endswith(".")
        for status in ("401", "403", "404", "422", "default"):
            assert MEDIA_TYPE in operation["responses"][status]["content"]
        headers = {each["name"] for each in operation.get("parameters", [])}
        assert ("Idempotency-Key" in headers) == (method == "POST")
        assert operation["security"] == [{"token": []}, {"cookieAuth": []}]


def test_the_number_of_a_request_is_described_as_it_is_taken(description: dict[str, Any]) -> None:
    (schema,) = (
        each["schema"]
        for each in description["paths"]["/api/v1/break-glass/"]["get"]["parameters"]
        if each["name"] == "request"
    )
    assert schema == {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def test_bodies_take_no_other_fields(description: dict[str, Any]) -> None:
    for _, _, operation in operations(description):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert description["components"]["schemas"][name]["additionalProperties"] is False


def test_answers_are_as_described(
    description: dict[str, Any], shop: Namespace, owner: Person, alice: Person
) -> None:
    grant, caller = make.grant(shop, owner), Caller(owner)
    make.grant(shop, owner, "old.example.com", status=GrantStatus.REVOKED)
    delivered(shop)
    CatalogueEntry.objects.create(name="x", title="X", destinations=wish(shop)["destinations"])
    asked = caller.post("/requests/", wish(shop, "b.example.com"))
    comments = f"/requests/{asked.json()['id']}/comments/"
    question: dict[str, str | int] = {
        "cluster": "main",
        "namespace": "shop",
        "host": grant.host,
        "port": 443,
    }
    answers = {
        "Request": asked,
        "Preview": caller.post("/requests/", wish(shop, "c.example.com", dry_run=True)),
        "Comment": caller.post(comments, {"text": "Hello."}),
        "AccessAnswer": caller.get("/access-check/", question),
        "NewToken": caller.post("/tokens/", {"name": "x", "scopes": ["read"]}),
        "PaginatedDeliveryList": caller.get("/deliveries/"),
        "PaginatedCatalogueList": caller.get("/catalogue/"),
        "PaginatedServiceAccountList": caller.get("/service-accounts/"),
        "PaginatedClusterList": caller.get("/clusters/"),
        "Grant": caller.get(f"/grants/{grant.pk}/"),
        "PaginatedGrantList": caller.get("/grants/"),
        "PaginatedRequestList": caller.get("/requests/"),
        "PaginatedNamespaceList": caller.get("/namespaces/"),
        "PaginatedAuditEventList": caller.get("/audit-events/"),
        "PaginatedTokenList": caller.get("/tokens/"),
        "Cluster": caller.get("/clusters/main/"),
        "Me": caller.get("/me/"),
        "ProblemBody": caller.get("/requests/0/"),
    }
    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())


def test_it_is_served_as_yaml_and_as_json_to_everybody() -> None:
    caller = Caller()
    as_yaml = caller.get("/api/schema/")
    assert as_yaml["Content-Type"] == "application/vnd.oai.openapi"
    as_json = caller.get("/api/schema/", {"format": "json"})
    assert yaml.safe_load(as_yaml.content) == as_json.json()
    by_accept = caller.get("/api/schema/", headers={"Accept": "application/json"})
    assert by_accept.json() == as_json.json()


@pytest.mark.parametrize("query", ["?lang=%00", "?version=%00", "?format=%00", "?lang=../../x"])
def test_no_query_breaks_it(query: str) -> None:
    assert Caller().client.get(f"/api/schema/{query}").status_code == 200


def test_the_front_door_leads_to_the_page() -> None:
    answer = Caller().get("/api/")
    assert (answer.status_code, answer["Location"]) == (302, "/api/docs/")


def test_the_page_keeps_to_the_content_security_policy() -> None:
    answer = Caller().get("/api/docs/")
    page = answer.content.decode()
    assert inline_code(page) == []
    assert "https://" not in page
    assert "Back to the portal" in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
