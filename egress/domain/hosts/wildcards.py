"""Wildcards and the names below them."""


def wildcards_above(host: str) -> tuple[str, ...]:
    """Return every wildcard that covers `host`, a name or a narrower wildcard, narrowest first.

    Nothing for an address range, and never a wildcard itself for its own.
    """
    if "/" in host:
        return ()
    labels = host.removeprefix("*.").split(".")
    return tuple(f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels)))
