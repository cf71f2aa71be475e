"""Names that look like other names: several scripts in one label, or letters that pass as Latin."""

import unicodedata

from egress.domain.hosts.canonical import unicode_form

_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that one word mixes in Japanese, Chinese and Korean (UTS 39, highly restrictive)."""

_CYRILLIC = "аa сc ԁd еe һh іi јj ӏl оo рp ԛq ѕs ԝw хx уy үy ԍg кk мm тt нh вb з3 пn гr"
_GREEK = "αa οo νv εe ιi ρp τt υu κk ωw ηn γy ϲc"
_ARMENIAN = "օo սu հh ոn ցg ձd յj"
_OTHER_LATIN = "ɡg ıi ɑa ɩi ʏy ɴn ʀr ʟl ĸk ɾr ʋv ɪi ꞓc"
_PAIRS = f"{_CYRILLIC} {_GREEK} {_ARMENIAN} {_OTHER_LATIN}"
_PASSES_AS = {pair[0]: pair[1] for pair in _PAIRS.split()}
"""Letters beside the plain Latin letter that they are taken for (UTS 39, confusables)."""


def mixed_script_labels(host: str) -> list[str]:
    """Return the labels of a canonical host, in Unicode, that mix scripts no language mixes."""
    return [label for label in unicode_form(host).split(".") if _mixes(label)]


def lookalike(host: str) -> str | None:
    """Return the Latin name that a canonical host passes for, else None.

    Catches a label written wholly in letters of another script that all look Latin.
    """
    shown = unicode_form(host)
    if shown.isascii():
        return None
    labels = [_latin_reading(label) for label in shown.split(".")]
    return ".".join(labels) if all(label.isascii() for label in labels) else None


def _latin_reading(label: str) -> str:
    return "".join(_PASSES_AS.get(character, character) for character in label)


def _mixes(label: str) -> bool:
    scripts = {_script(character) for character in label if character.isalpha()}
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _WRITTEN_TOGETHER)


def _script(character: str) -> str:
    # Python has no script property; the first word of a letter's Unicode name is its script.
    return unicodedata.name(character, "UNKNOWN").split()[0]
