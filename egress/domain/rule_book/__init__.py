"""Approval rules as data: parse a rule book, and judge a wish by it. See docs/rule-book.md."""

from egress.domain.grants_file.reader import Problem
from egress.domain.rule_book.book import RISKS, Book, Kind, Requirement, Rule, When, risk_of
from egress.domain.rule_book.judging import (
    DENIES,
    UNREADABLE,
    Automatic,
    Outcome,
    is_decider,
    judge,
    of_policies,
)
from egress.domain.rule_book.matching import Facts, Offer
from egress.domain.rule_book.parse import MAX_CHARACTERS, RuleBookError, parse_rule_book

__all__ = [
    "DENIES",
    "MAX_CHARACTERS",
    "RISKS",
    "UNREADABLE",
    "Automatic",
    "Book",
    "Facts",
    "Kind",
    "Offer",
    "Outcome",
    "Problem",
    "Requirement",
    "Rule",
    "RuleBookError",
    "When",
    "is_decider",
    "judge",
    "of_policies",
    "parse_rule_book",
    "risk_of",
]
