"""Words as a shell splits them, from text that people cut out anywhere."""

_MOST_APOSTROPHES = 10


def split_words(text: str, start: int) -> tuple[list[str], int]:
    """Return the words behind `start` as a shell splits them, and where the command line ends.

    A line goes on behind a backslash at its end and within quotes. Behind a quote that begins a
    word and that nothing closes the text was cut off: what stands there may be part of a secret,
    and is no word. Within a word such a quote was an apostrophe.
    """
    words: list[str] = []
    for _ in range(_MOST_APOSTROPHES):
        words, end, opened = _words_until_the_end(text, start)
        if opened is None:
            return words, end
        if opened == start or text[opened - 1] in " \t\n=":
            break
        text = f"{text[:opened]} {text[opened + 1 :]}"
    return words, len(text)


def _words_until_the_end(text: str, start: int) -> tuple[list[str], int, int | None]:
    """Return the whole words, where they end, and the place of a quote that nothing closes."""
    words: list[str] = []
    word, quote, at, opened = "", "", start, start
    while at < len(text):
        letter = text[at]
        if letter == "\\" and quote != "'" and at + 1 < len(text):
            at += 1
            word += "" if text[at] in "\r\n" else text[at]
        elif quote:
            quote, word = ("", word) if letter == quote else (quote, word + letter)
        elif letter in "'\"":
            quote, opened = letter, at
        elif letter == "\n":
            break
        elif letter.isspace() or letter in "|;":
            words += [found for found in (word, letter.strip()) if found]
            word = ""
        else:
            word += letter
        at += 1
    if quote:
        return words, at, opened
    return [*words, word] if word else words, at, None
