"""Reading a rule book: everything wrong is said at its place, and nothing else ever comes out."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egress.domain.access import Protocol
from egress.domain.authority import Stage
from egress.domain.rule_book import Book, Requirement, Rule, RuleBookError, When, parse_rule_book
from egress.domain.rule_book.parse import MAX_CHARACTERS

EVERYTHING = """\
rules:
  - name: preset-saas
    when:
      clusters: [prod-*]
      namespaces: [pay-*]
      teams: [payments]
      requester teams: [payments]
      destinations: ["*.Example.com", api.example.net]
      catalogue: [stripe]
      ports: [443]
      protocols: [TLS]
      kinds: [name]
      risk at most: warn
      duration at most: 30d
    then:
      approve: automatically
  - name: no-paste-sites
    when:
      destinations: [paste.example.org]
    then:
      deny: Use the internal paste site.
  - name: production
    when:
      clusters: [prod-*]
      risk at least: review
      duration over: 7d
    then:
      require:
        reason pattern: "CHG-[0-9]*"
        ticket pattern: "https://tickets.example.com/*"
        maximum duration: 90d
        approvals: 2
        stages:
          - {name: security, team: security}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(RuleBookError) as caught:
        parse_rule_book(text)
    return [str(problem) for problem in caught.value.problems]


def rule(when: str = "destinations: [a.example.com]", then: str = "approve: automatically") -> str:
    return f"rules:\n  - name: one\n    when: {{{when}}}\n    then: {{{then}}}\n"


def test_everything_a_rule_can_say() -> None:
    approves, denies, requires = parse_rule_book(EVERYTHING).rules
    assert approves == Rule(
        "preset-saas",
        When(
            clusters=("prod-*",),
            namespaces=("pay-*",),
            teams=("payments",),
            requester_teams=("payments",),
            destinations=("*.example.com", "api.example.net"),
            catalogue=("stripe",),
            ports=(443,),
            protocols=(Protocol.TLS,),
            kinds=(approves.when.kinds[0],),
            risk_at_most="warn",
            duration_at_most=30,
        ),
        approves=True,
    )
    assert denies.denies == "Use the internal paste site."
    assert requires.requires == Requirement(
        "CHG-[0-9]*",
        "https://tickets.example.com/*",
        90,
        (Stage("security", 1, "security"), Stage("approval", 2)),
    )


def test_a_rule_that_approves_takes_small_risks_unless_it_says_otherwise() -> None:
    assert parse_rule_book(rule()).rules[0].when.risk_at_most == "info"
    assert parse_rule_book(rule(then="deny: No.")).rules[0].when.risk_at_most == ""


def test_no_rules_are_a_rule_book() -> None:
    assert parse_rule_book("rules: []") == Book()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'line 1, column 1: The file is empty. Begin with "rules:".'),
        ("rules: [", "This is not YAML"),
        ("rulez: []", '"rulez" is unknown here'),
        ("rules: &a [*a]", "Anchors and aliases are refused"),
        (rule(when="hosts: [a.example.com]"), 'rules[0].when.hosts: "hosts" is unknown here'),
        (rule(when="namespaces: [pay-*]"), "A rule that approves says where to"),
        (rule(when="destinations: []"), "The list is empty"),
        (rule(when="destinations: [10.1.2.3.4]"), "rules[0].when.destinations[0]"),
        (rule(when='destinations: ["*"], ports: [99999]'), "is no port"),
        (rule(when='destinations: ["*"], duration at most: 30'), '"30" is no duration'),
        (rule(when='destinations: ["*"], risk at most: low'), '"low" is none of clear, info'),
        (rule(when='destinations: ["*"], namespaces: ["************"]'), "10 stars"),
        (rule(then="approve: sometimes"), '"sometimes" is none of automatically'),
        (rule(then="approve: automatically, deny: No."), "A rule does one thing"),
        (rule(then=""), "A rule does one thing"),
        (rule(then="require: {}"), "Nothing is required"),
        (rule(then="require: {approvals: 9}"), "is no number of people"),
        (rule(then="require: {stages: [{team: a}]}"), '"name" is missing'),
        ("rules:\n  - name: Not A Name\n    then: {deny: No.}", "is no name of a rule"),
        ("rules:\n  - 7", '"7" has no fields'),
        (rule() + rule().removeprefix("rules:\n"), "names two rules"),
        ("x" * (MAX_CHARACTERS + 1), "Shorten it"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text))


def test_all_problems_are_told_at_once() -> None:
    text = rule(when="ports: [0], color: red", then="deny: 5")
    assert len(problems(text)) == 3


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["*", "30d"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["rules", "name", "when", "then", "approve", "deny", "require", "stages", "ports"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def read(text: str) -> object:
    try:
        return parse_rule_book(text)
    except RuleBookError as error:
        return error.problems


@given(st.text(max_size=200) | VALUES.map(yaml.safe_dump))
def test_whatever_is_read_is_a_rule_book_or_its_own_error(text: str) -> None:
    assert read(text), "a rule book, or problems"


@given(st.lists(VALUES, max_size=3))
def test_whatever_stands_in_the_list_of_rules_is_read_or_refused(rules: list[object]) -> None:
    assert read(yaml.safe_dump({"rules": rules})), "a rule book, or problems"
