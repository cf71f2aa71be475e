"""From the text of a rule book to its rules. Everything wrong is reported at once."""

import re
from collections.abc import Callable

from egress.domain.access import Protocol
from egress.domain.authority import Stage
from egress.domain.grants_file.reader import Problem, Reader, problem_at
from egress.domain.hosts import canonical_destination_host
from egress.domain.rule_book.book import RISKS, Book, Kind, Requirement, Rule, When, add_up
from egress.domain.rule_book.matching import ANY
from egress.domain.wording import quoted
from egress.domain.yaml_tree import Tree, YamlError, read_tree

MAX_CHARACTERS = 100_000
MAX_RULES = 200
MAX_ENTRIES = 200
MAX_APPROVALS = 5
MAX_DAYS = 36_500
_MAX_PATTERN, _MAX_STARS, _MAX_SENTENCE = 200, 10, 300
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DAYS = re.compile(r"([1-9][0-9]{0,4})d")
_TEXTS = ("clusters", "namespaces", "teams", "requester teams")
_CONDITIONS = (
    *_TEXTS,
    *("destinations", "catalogue", "ports", "protocols", "kinds"),
    *("risk at most", "risk at least", "duration at most", "duration over"),
)
_EFFECTS = ("approve", "deny", "require")
_NEEDS = ("reason pattern", "ticket pattern", "maximum duration", "approvals", "stages")
_Read = Callable[[Reader, Tree], str]
_RISK_OF_APPROVALS = "info"
"""How risky a wish may be at most that a rule approves, unless the rule says otherwise."""


class RuleBookError(ValueError):
    """A rule book is wrong; `problems` holds everything that was found, in the text's order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def parse_rule_book(text: str) -> Book:
    """Return what the text of a rule book says. Raises RuleBookError with all problems at once."""
    if len(text) > MAX_CHARACTERS:
        message = f"The text has more than {MAX_CHARACTERS} characters. Shorten it."
        raise RuleBookError([Problem(1, 1, "", message)])
    try:
        tree = read_tree(text, begin="rules:")
    except YamlError as error:
        raise RuleBookError([problem_at(error.place, error.message)]) from error
    reader = Reader()
    items = _entries(reader, reader.fields(tree, required=("rules",)).get("rules"), MAX_RULES)
    rules = tuple(_rule(reader, item) for item in items)
    _refuse_repeated(reader, items, rules)
    if reader.problems:
        raise RuleBookError(reader.problems)
    return Book(rules)


def _entries(reader: Reader, tree: Tree | None, most: int = MAX_ENTRIES) -> list[Tree]:
    items = reader.list(tree)
    if len(items) > most:
        reader.say(tree, f"{len(items)} entries are too many. Keep at most {most}.")
        return []
    return items


def _refuse_repeated(reader: Reader, items: list[Tree], rules: tuple[Rule, ...]) -> None:
    seen: set[str] = set()
    for item, rule in zip(items, rules, strict=True):
        if rule.name and rule.name in seen:
            reader.say(item, f"{quoted(rule.name)} names two rules. Give each its own name.")
        seen.add(rule.name)


def _rule(reader: Reader, item: Tree) -> Rule:
    fields = reader.fields(item, required=("name", "then"), optional=("when",))
    then = reader.fields(fields.get("then"), optional=_EFFECTS)
    approves = "approve" in then
    if "then" in fields and fields["then"].fields is not None and len(then) != 1:
        reader.say(fields["then"], "A rule does one thing. Write approve, deny or require.")
    if approves:
        reader.one_of(then["approve"], ["automatically"], "")
    when = _when(reader, fields.get("when"), approves)
    if approves and not when.says_where_to:
        reader.say(
            fields.get("when") or item,
            "A rule that approves says where to. Add destinations or catalogue.",
        )
    return Rule(
        name=_name(reader, fields.get("name")),
        when=when,
        approves=approves,
        denies=_sentence(reader, then["deny"]) if "deny" in then else "",
        requires=_requirement(reader, then["require"]) if "require" in then else None,
    )


def _name(reader: Reader, tree: Tree | None, what: str = "rule") -> str:
    text = reader.text(tree)
    if text and not _NAME.fullmatch(text):
        reader.say(
            tree,
            f"{quoted(text)} is no name of a {what}. Use lower-case letters, digits and hyphens, "
            "at most 63.",
        )
    return text


def _sentence(reader: Reader, tree: Tree) -> str:
    text = reader.text(tree)
    if len(text) > _MAX_SENTENCE or not text.isprintable():
        reader.say(tree, f"Write one line of at most {_MAX_SENTENCE} characters.")
    return text


def _when(reader: Reader, tree: Tree | None, approves: bool) -> When:
    fields = reader.fields(tree, optional=_CONDITIONS) if tree else {}
    texts = {name.replace(" ", "_"): _each(reader, fields.get(name), _pattern) for name in _TEXTS}
    default = _RISK_OF_APPROVALS if approves else ""
    return When(
        **texts,
        destinations=_each(reader, fields.get("destinations"), _host),
        catalogue=_each(reader, fields.get("catalogue"), _entry_name),
        ports=tuple(
            port
            for one in _some(reader, fields.get("ports"))
            if (port := reader.number(one, 65535))
        ),
        protocols=tuple(
            Protocol(text) for text in _each(reader, fields.get("protocols"), _protocol)
        ),
        kinds=tuple(Kind(text) for text in _each(reader, fields.get("kinds"), _kind)),
        risk_at_most=reader.one_of(fields.get("risk at most"), RISKS, default),
        risk_at_least=reader.one_of(fields.get("risk at least"), RISKS, ""),
        duration_at_most=_days(reader, fields.get("duration at most")),
        duration_over=_days(reader, fields.get("duration over")),
    )


def _some(reader: Reader, tree: Tree | None) -> list[Tree]:
    """Return the entries of a list that is not empty: an empty one would never or always hold."""
    entries = _entries(reader, tree)
    if tree is not None and tree.items == []:
        reader.say(tree, "The list is empty. Name something, or leave the condition out.")
    return entries


def _each(
    reader: Reader, tree: Tree | None, read: Callable[[Reader, Tree], str]
) -> tuple[str, ...]:
    return tuple(text for one in _some(reader, tree) if (text := read(reader, one)))


def _pattern(reader: Reader, tree: Tree | None) -> str:
    text = reader.text(tree)
    if len(text) > _MAX_PATTERN or text.count("*") > _MAX_STARS or not text.isprintable():
        reader.say(
            tree,
            f"A pattern has at most {_MAX_PATTERN} characters in one line, and {_MAX_STARS} stars. "
            "Shorten it.",
        )
        return ""
    return text


def _host(reader: Reader, tree: Tree) -> str:
    return ANY if tree.scalar == ANY else reader.host(tree, canonical_destination_host)


def _entry_name(reader: Reader, tree: Tree) -> str:
    return _name(reader, tree, "catalogue entry")


def _protocol(reader: Reader, tree: Tree) -> str:
    return reader.one_of(tree, [one.value for one in Protocol], "")


def _kind(reader: Reader, tree: Tree) -> str:
    return reader.one_of(tree, [one.value for one in Kind], "")


def _days(reader: Reader, tree: Tree | None) -> int:
    if tree is None:
        return 0
    found = _DAYS.fullmatch(tree.scalar or "")
    if not found or int(found[1]) > MAX_DAYS:
        reader.say(tree, f"{tree.shown} is no duration. Write days, such as 30d.")
        return 0
    return int(found[1])


def _requirement(reader: Reader, tree: Tree) -> Requirement:
    fields = reader.fields(tree, optional=_NEEDS)
    if tree.fields == {}:
        reader.say(tree, f"Nothing is required. Write {', '.join(_NEEDS)}.")
    stages = [_stage(reader, one) for one in _some(reader, fields.get("stages"))]
    if "approvals" in fields:
        stages.append(Stage("approval", _people(reader, fields["approvals"])))
    return Requirement(
        reason_pattern=_pattern(reader, fields.get("reason pattern")),
        ticket_pattern=_pattern(reader, fields.get("ticket pattern")),
        maximum_duration=_days(reader, fields.get("maximum duration")),
        stages=add_up(stages),
    )


def _stage(reader: Reader, tree: Tree) -> Stage:
    fields = reader.fields(tree, required=("name",), optional=("team", "approvals"))
    approvals = _people(reader, fields["approvals"]) if "approvals" in fields else 1
    name = _name(reader, fields.get("name"), "stage")
    return Stage(name, approvals, reader.text(fields.get("team")))


def _people(reader: Reader, tree: Tree) -> int:
    # What is no number is a problem that was told; a stage has somebody in any case.
    return reader.number(tree, MAX_APPROVALS, "number of people") or 1
