"""Read YAML that may be hostile: no aliases, no tags, no depth, no size, strings only."""

from typing import Any

import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000


class UnsafeYaml(Exception):  # noqa: N818 - it names what was found, not what broke
    """The text is not YAML we are willing to read. The message never quotes the text."""


def read_plain_yaml(text: str) -> Any:
    """Return the one document in `text` with every scalar as a string.

    Raises UnsafeYaml with a reason that completes the sentence "The file ...".
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise UnsafeYaml(f"is larger than {MAX_BYTES // 1024} KiB")
    try:
        _check_shape(text)
        # BaseLoader makes no types: no timestamps, no numbers, no objects, nothing to exploit.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except UnsafeYaml:
        raise
    except (yaml.YAMLError, ValueError, RecursionError):
        # The parser's own message quotes the text, which may hold a key.
        raise UnsafeYaml("is not valid YAML") from None


def _check_shape(text: str) -> None:
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, (yaml.CollectionEndEvent)):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            _check_node(event)
            depth += isinstance(event, yaml.CollectionStartEvent)
        if documents > 1:
            raise UnsafeYaml("holds several YAML documents")
        if depth > MAX_DEPTH:
            raise UnsafeYaml(f"is nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise UnsafeYaml(f"has more than {MAX_NODES} values")


def _check_node(event: yaml.NodeEvent) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise UnsafeYaml("uses YAML anchors or aliases")
    if getattr(event, "tag", None) is not None:
        raise UnsafeYaml("uses YAML tags")
