"""YAML as a tree that knows its places, and refuses what a file of data never needs.

PyYAML does all reading. What is refused: anchors and aliases (they can blow up), tags, duplicate
keys (the last one would win in silence), several documents, and deep nesting.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

from egress.domain.wording import quoted

_MAX_DEPTH = 20
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C reader where the platform has it, eight times as fast."""

_TEXT_TAG = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class Place:
    """Where in a file something stands. `line` and `column` count from 1."""

    line: int = 1
    column: int = 1
    path: str = ""


@dataclass(frozen=True)
class Tree:
    """A node: either a `scalar` as it was written, or `items` of a list, or `fields`."""

    place: Place
    scalar: str | None = None
    is_text: bool = False
    items: list["Tree"] | None = None
    fields: dict[str, "Tree"] | None = field(default=None)

    @property
    def shown(self) -> str:
        """Return the node as a message names it."""
        if self.scalar is not None:
            return quoted(self.scalar) if self.scalar else "An empty value"
        return "A list" if self.items is not None else "A block of fields"


class YamlError(ValueError):
    """A text is not YAML, or YAML of a kind that is refused. `place` has no path."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


def read_tree(text: str, begin: str = "grants:") -> Tree:
    """Return the one document of a YAML text. Raises YamlError.

    `begin` is what an empty text is told to begin with.
    """
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_place_of(mark), f"This is not YAML: {error.problem}.") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(Place(), f"This is not YAML: {_first_line(error)}.") from error
    if node is None:
        raise YamlError(Place(), f'The file is empty. Begin with "{begin}".')
    return _tree(node, "")


def _refuse_tricks(text: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError(
                _place_of(event.start_mark), "Anchors and aliases are refused. Write the value out."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > _MAX_DEPTH or documents > 1:
            what = "The file is nested too deeply." if depth > _MAX_DEPTH else _ONE_DOCUMENT
            raise YamlError(_place_of(event.start_mark), what)


_ONE_DOCUMENT = 'A second document begins here. Keep one, without a line "---" inside.'


def _tree(node: yaml.Node, path: str) -> Tree:
    place = Place(node.start_mark.line + 1, node.start_mark.column + 1, path)
    if isinstance(node, yaml.ScalarNode):
        return Tree(place, scalar=node.value, is_text=node.tag == _TEXT_TAG)
    if isinstance(node, yaml.SequenceNode):
        items = [_tree(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        return Tree(place, items=items)
    fields: dict[str, Tree] = {}
    for key, value in node.value:
        name = str(key.value)
        if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT_TAG:
            raise YamlError(_place_of(key.start_mark), f"{quoted(name)} is no name of a field.")
        if name in fields:
            raise YamlError(
                _place_of(key.start_mark), f"{quoted(name)} stands here twice. Keep one of them."
            )
        fields[name] = _tree(value, f"{path}.{name}" if path else name)
    return Tree(place, fields=fields)


def _place_of(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
