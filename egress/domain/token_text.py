"""How the secret of a token is spelled: so that scanners of source code know one when they see it.

`egp_`, eight hexadecimal digits that name the token, and 49 letters and digits: 43 of chance
(256 bits), and six that are the CRC-32 of all before them. A scanner can check those without
asking anybody, so that it hardly ever takes anything else for a token.
"""

import re
import secrets
import string
import zlib

MARK = "egp"
PATTERN = re.compile(r"egp_[0-9a-f]{8}_[0-9A-Za-z]{49}")

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHANCE = 43
_CHECKED = 6


def new_secret() -> tuple[str, str]:
    """Return what names a new token, and its secret."""
    name = secrets.token_hex(4)
    chance = "".join(secrets.choice(_LETTERS) for _ in range(_CHANCE))
    start = f"{MARK}_{name}_{chance}"
    return name, start + checksum(start)


def may_be_token(secret: str) -> bool:
    """Tell whether a text can be the secret of a token.

    One of today's form has to have a right checksum; older ones have none.
    """
    if PATTERN.fullmatch(secret):
        return checksum(secret[:-_CHECKED]) == secret[-_CHECKED:]
    return secret.startswith(f"{MARK}_")


def checksum(text: str) -> str:
    """Return the CRC-32 of a text in six digits to the base of 62, the highest first."""
    rest, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECKED):
        rest, digit = divmod(rest, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits
