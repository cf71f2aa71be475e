"""The examples of docs/rule-book.md are read, and do what the text says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from egress.domain.authority import Stage
from egress.domain.policies import Level
from egress.domain.rule_book import Outcome, judge, parse_rule_book
from tests.domain.rule_book.wishes import facts

DOCS = Path(__file__).parents[3] / "docs" / "rule-book.md"
SECTIONS = {
    part.partition("\n")[0]: re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)
    for part in DOCS.read_text().split("\n## ")
}
EXAMPLES = {title: found[0] for title, found in SECTIONS.items() if found}
STRIPE = {"stripe": frozenset({("api.stripe.com", 443, "TLS", False)})}


def outcome(title: str, *hosts: str, **known: object) -> Outcome:
    cluster = str(known.pop("cluster", "main"))
    asked = replace(facts(*hosts, **known), cluster=cluster)
    return judge(parse_rule_book(EXAMPLES[title]), asked, 1)


def test_every_example_is_tried_here() -> None:
    tried = {"A rule", "Presets from the catalogue", "Denials", "Requirements", "People"}
    assert set(EXAMPLES) == tried
    assert all(len(found) < 2 for found in SECTIONS.values())


def test_a_rule() -> None:
    assert outcome("A rule").rule == "preset-saas"
    assert outcome("A rule").automatic == "approve"
    assert outcome("A rule", days=90).automatic == ""
    assert outcome("A rule", "api.example.com", "api.example.net").automatic == ""


def test_presets_from_the_catalogue() -> None:
    title = "Presets from the catalogue"
    assert outcome(title, "api.stripe.com", catalogue=STRIPE).automatic == "approve"
    assert outcome(title, "files.stripe.com", catalogue=STRIPE).automatic == ""


@pytest.mark.parametrize("host", ["paste.example.org", "a.paste.example.org", "*.example.org"])
def test_denials(host: str) -> None:
    denied = outcome("Denials", host)
    assert denied.automatic == "deny"
    assert "Use the internal paste site." in denied.findings[0].message


def test_requirements() -> None:
    met = {"reason": "For CHG-12: rates.", "ticket": "https://tickets.example.com/7"}
    assert outcome("Requirements", cluster="prod-1", **met).findings == ()
    assert outcome("Requirements", cluster="test-1").findings == ()
    missing = outcome("Requirements", cluster="prod-1", days=None)
    assert {finding.field for finding in missing.findings} == {"duration", "reason", "ticket"}
    assert {finding.level for finding in missing.findings} == {Level.BLOCK}


def test_people() -> None:
    demanded = (Stage("security", 1, "security"), Stage("approval", 2))
    assert outcome("People", "*.example.com").stages == demanded
    assert outcome("People", "api.example.com").stages == ()
