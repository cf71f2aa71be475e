"""Which context and namespace kubectl would use: nothing else of a kubeconfig is looked at."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubectl_egress.errors import usage

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True)
class Context:
    """The chosen context. Both are empty where no kubeconfig names a context."""

    name: str = ""
    namespace: str = ""


def current(chosen: str = "", files: Iterable[Path] | None = None) -> Context:
    """Return the context `chosen`, or the current one, as kubectl merges its files.

    Of what several files say, the first counts. Raises Failure for a context that is in none of
    them, and for a file that is no kubeconfig.
    """
    contexts: dict[str, Mapping[str, Any]] = {}
    selected = chosen
    for read in _documents(files if files is not None else paths(os.environ)):
        selected = selected or _text(read.get("current-context"))
        for entry in _entries(read):
            contexts.setdefault(_text(entry.get("name")), entry)
    if not selected:
        return Context()
    if selected not in contexts:
        known = ", ".join(sorted(filter(None, contexts))) or "none"
        raise usage(f'There is no context "{selected}" in the kubeconfig. There is: {known}.')
    about = contexts[selected].get("context")
    namespace = _text(about.get("namespace")) if isinstance(about, Mapping) else ""
    return Context(selected, namespace or DEFAULT_NAMESPACE)


def paths(environment: Mapping[str, str]) -> list[Path]:
    """Return the files that kubectl reads: those of KUBECONFIG, else `~/.kube/config`."""
    listed = [part for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part) for part in listed] or [Path.home() / ".kube" / "config"]


def _documents(files: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for path in files:
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, yaml.YAMLError) as error:
            # The file holds credentials: what is wrong is told without quoting it.
            raise usage(f'The kubeconfig "{path}" cannot be read as YAML.') from error
        if isinstance(read, Mapping):
            yield read


def _entries(read: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    listed = read.get("contexts")
    if isinstance(listed, list):
        yield from (entry for entry in listed if isinstance(entry, Mapping))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
