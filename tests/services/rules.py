"""Rule books in force, for tests: written by one admin, put in force by another."""

from egress.models import Person, RuleBook
from egress.services import rule_book
from tests import factories as make


def put_in_force(text: str) -> RuleBook:
    """Return a version with this text, in force."""
    author, second = make.admin(), make.admin()
    book = rule_book.draft(text=text, actor=make.actor(author))
    return confirm(rule_book.propose(book=book, actor=make.actor(author)), second)


def confirm(book: RuleBook, who: Person) -> RuleBook:
    """Put a proposal in force as `who`, who read it as it is."""
    return rule_book.put_in_force(book=book, digest=book.digest, actor=make.actor(who))


def rule(
    when: str = 'destinations: ["*.example.com"]', then: str = "approve: automatically"
) -> str:
    """Return a rule book of one rule; nothing looks at the cluster of a test, which is a risk."""
    if then.startswith("approve"):
        when += ", risk at most: warn"
    return f"rules:\n  - name: only\n    when: {{{when}}}\n    then: {{{then}}}\n"
