"""Free text that people type: what is accepted, and what is said about the rest."""

import unicodedata
from urllib.parse import urlsplit

from egress.domain.wording import quoted

_LINE_BREAKS = "\n\t"
MAX_LINE = 150


def tidy(text: str) -> str:
    """Return the text without blanks around it and with one kind of line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def problem_of_text(text: str, *, what: str, limit: int, required: bool = True) -> str:
    """Return a sentence saying what is wrong with a tidied text, empty when it is fine.

    `what` names the text at the start of the sentence; `limit` counts characters. Control
    characters are refused, because they hide what a reader of the audit trail gets to see.
    """
    if required and not text:
        return f"{what} is empty. Write it in a sentence or two."
    if len(text) > limit:
        return f"{what} has {len(text)} characters. Shorten it to at most {limit}."
    hidden = [c for c in text if c not in _LINE_BREAKS and is_hidden(c)]
    if hidden:
        return f"{what} contains the invisible character {quoted(hidden[0])}. Remove it."
    return ""


def problem_of_line(text: str, *, what: str, limit: int = MAX_LINE, required: bool = True) -> str:
    """Return what is wrong with a tidied text that has to fit on one line, such as a name."""
    if "\n" in text or "\t" in text:
        return f"{what} has more than one line. Write it on one."
    return problem_of_text(text, what=what, limit=limit, required=required)


def is_hidden(character: str) -> bool:
    """Tell whether the character steers how text is shown instead of being shown itself."""
    if character in "\u200c\u200d":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


def problem_of_link(text: str) -> str:
    """Return what is wrong with a tidied web address, empty when it is fine or empty."""
    if not text:
        return ""
    if len(text) > 500:
        return f"The link has {len(text)} characters. Use one with at most 500."
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in text):
        return f"{quoted(text)} is no web address. Paste one that begins with https://."
    if "@" in parts.netloc:
        return "The link contains a user name or password. Paste it without them."
    return problem_of_line(text, what="The link", limit=500)
