"""Taking passwords out of text that is kept although nobody sent it."""

import re

_WORD = re.compile(r"\S+")
_IN_URL = re.compile(r"(\S*?[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(\S+)")
_IN_ORACLE = re.compile(r"(jdbc:oracle:\w{1,20}:)\S*@", re.IGNORECASE)
_PORT_FIRST = re.compile(r"[^:/@]*(?::\d{1,5})?(?:[/?#]|$)")
_USER_AND_PASSWORD = re.compile(r"[^\s:/@<]+:\S*@")
_SETTING = re.compile(
    r"((?:pass(?:word|wd)?|pwd|secret|token|(?:api|access)[_-]?key)=)[^\s;&]+", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """Return `text` without the user names and passwords of addresses and settings in it."""
    return _SETTING.sub(r"\1", _WORD.sub(_without_user, text))


def _without_user(match: re.Match[str]) -> str:
    word = match[0]
    if "@" not in word:
        return word
    if oracle := _IN_ORACLE.match(word):
        return f"{oracle[1]}{word[oracle.end() :]}"
    if url := _IN_URL.fullmatch(word):
        # An "@" in the path of a page is no secret; in any other address it may end one.
        is_page = url[1].lower().endswith(("http://", "https://")) and "://" not in url[2]
        is_public = is_page and _PORT_FIRST.match(url[2])
        rest = url[2] if is_public else url[2].rpartition("@")[2]
        return f"{url[1]}{rest}"
    return word.rpartition("@")[2] if _USER_AND_PASSWORD.match(word) else word
