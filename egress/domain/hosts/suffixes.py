"""Who can own a name: the Public Suffix List (publicsuffix.org), read once per process."""

from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList


@cache
def _all_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


@cache
def _registry_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def is_public_suffix(host: str) -> bool:
    """Tell whether strangers may register names right below `host`: `com`, `co.uk`, `github.io`."""
    return _all_suffixes().publicsuffix(host) == host


def is_registry_suffix(host: str) -> bool:
    """Tell whether `host` is a suffix of a domain registry, such as `co.uk`, and so no host."""
    return _registry_suffixes().publicsuffix(host) == host


def registrable_domain(host: str) -> str | None:
    """Return the part of `host` that one owner registered, or None when there is none."""
    domain: str | None = _all_suffixes().privatesuffix(host)
    return domain


def has_public_top_level(host: str) -> bool:
    """Tell whether `host` lies below a suffix of the public DNS at all."""
    return _registry_suffixes().publicsuffix(host) is not None


def shared_suffix(host: str) -> str | None:
    """Return the suffix of a company that lets strangers own names below it, such as `github.io`.

    None when `host` is not of that kind: the PRIVATE section of the list tells.
    """
    suffix: str | None = _all_suffixes().publicsuffix(host)
    return suffix if suffix != _registry_suffixes().publicsuffix(host) else None


def covers_suffixes(domain: str) -> bool:
    """Tell whether public suffixes lie below `domain`, so that strangers own names there."""
    return domain in _parents_of_suffixes()


@cache
def _parents_of_suffixes() -> frozenset[str]:
    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    rules = (line.strip() for line in lines if line.strip() and not line.startswith(("//", "!")))
    parents: set[str] = set()
    for rule in rules:
        labels = rule.split(".")
        parents.update(".".join(labels[start:]) for start in range(1, len(labels)))
    return frozenset(parents)
