"""What a rule book says to a wish: a denial wins, requirements add up, an approval comes last."""

from dataclasses import dataclass
from enum import StrEnum

from egress.domain.authority import Stage
from egress.domain.policies import Finding, Level
from egress.domain.rule_book.book import Book, Requirement, Rule, add_up
from egress.domain.rule_book.matching import Facts, applies, is_like
from egress.domain.wording import listed, quoted

DENIES, APPROVES, REQUIRES = "RuleDenies", "RuleApproves", "RuleRequires"
TOO_LONG, OTHER_REASON, OTHER_TICKET = "RuleTooLong", "RuleReason", "RuleTicket"
UNREADABLE = "RuleBookUnreadable"
REASONS = frozenset({DENIES, APPROVES, REQUIRES, TOO_LONG, OTHER_REASON, OTHER_TICKET, UNREADABLE})
"""The reasons of all findings that come from a rule book."""

_DECIDER = "rule book v"
_PEOPLE_LOOK = (Level.REVIEW, Level.BLOCK)


class Automatic(StrEnum):
    """What happens without people. `NOTHING` leaves the wish to them."""

    NOTHING = ""
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True)
class Outcome:
    """What the rule book in force says to a wish.

    `findings` join those of the policies, `stages` are what people have to agree to, empty for
    what applies anyway. `rule` is the one that `automatic` comes from, `version` the number of
    the rule book, 0 of none or of a draft.
    """

    findings: tuple[Finding, ...] = ()
    stages: tuple[Stage, ...] = ()
    automatic: Automatic = Automatic.NOTHING
    rule: str = ""
    version: int = 0

    @property
    def decider(self) -> str:
        """Under which name an automatic decision stands in the records."""
        return f"{_DECIDER}{self.version}: {self.rule}"


def judge(book: Book, facts: Facts, version: int = 0) -> Outcome:
    """Return what the rules say to a wish.

    Never approves what a policy wants people to look at, what lacks something that is required,
    or what people have to agree to.
    """
    matching = [rule for rule in book.rules if applies(rule, facts)]
    demanding = [(rule, rule.requires) for rule in matching if rule.requires]
    stages = add_up(stage for _, wanted in demanding for stage in wanted.stages)
    findings = [
        finding for rule, wanted in demanding for finding in _missing(rule, wanted, facts, version)
    ]
    denying = [rule for rule in matching if rule.denies]
    if denying:
        findings += [_denial(rule, version) for rule in denying]
        return Outcome(tuple(findings), stages, Automatic.DENY, denying[0].name, version)
    approving = [rule for rule in matching if rule.approves]
    stopped = any(one.level in _PEOPLE_LOOK for one in (*facts.findings, *findings))
    if approving and not stages and not stopped:
        first = approving[0]
        findings.append(_approval(first, version))
        return Outcome(tuple(findings), (), Automatic.APPROVE, first.name, version)
    return Outcome(tuple(findings), stages, version=version)


def is_decider(name: str) -> bool:
    """Tell whether a decision in this name is a rule's. Sign-in names have no spaces."""
    return name.startswith(_DECIDER)


def of_policies(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings without those that come from a rule book."""
    return tuple(finding for finding in findings if finding.reason not in REASONS)


def _named(rule: Rule, version: int) -> str:
    return f"Rule {quoted(rule.name)} of {f'rule book v{version}' if version else 'the draft'}"


def _denial(rule: Rule, version: int) -> Finding:
    return Finding(DENIES, f"{_named(rule, version)} denies this: {rule.denies}", Level.BLOCK)


def _approval(rule: Rule, version: int) -> Finding:
    message = (
        f"{_named(rule, version)} covers this: a request or renewal is approved when it is sent."
    )
    return Finding(APPROVES, message, Level.INFO)


def _missing(rule: Rule, wanted: Requirement, facts: Facts, version: int) -> list[Finding]:
    """Return what the wish lacks, each a block, and a note of the people who have to agree."""
    name, found = _named(rule, version), []
    duration, most = facts.wish.duration, wanted.maximum_duration
    if most and (duration is None or duration.total_seconds() > most * 86_400):
        days = f"{most} day{'' if most == 1 else 's'}"
        message = f"{name} allows access for {days} at most. Ask for no longer than that."
        found.append(Finding(TOO_LONG, message, Level.BLOCK, "duration"))
    if _is_unlike(wanted.reason_pattern, facts.reason):
        message = f"{name} wants a reason like {quoted(wanted.reason_pattern)}. Write it so."
        found.append(Finding(OTHER_REASON, message, Level.BLOCK, "reason"))
    if _is_unlike(wanted.ticket_pattern, facts.ticket):
        message = f"{name} wants a ticket like {quoted(wanted.ticket_pattern)}. Link one."
        found.append(Finding(OTHER_TICKET, message, Level.BLOCK, "ticket"))
    if wanted.stages:
        message = f"{name} requires {_people(wanted.stages)}."
        found.append(Finding(REQUIRES, message, Level.INFO))
    return found


def _is_unlike(pattern: str, text: str | None) -> bool:
    return bool(pattern) and text is not None and not is_like(pattern, text)


def _people(stages: tuple[Stage, ...]) -> str:
    return listed(
        [
            f"{stage.approvals} approval{'' if stage.approvals == 1 else 's'}"
            + (f" by team {quoted(stage.team)}" if stage.team else "")
            for stage in stages
        ]
    )
