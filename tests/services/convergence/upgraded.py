"""Another version of the renderer: what it makes carries a label of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from egress.domain.manifests.check import check_object
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import KubeObject, content_hash
from egress.domain.render import render_what_can
from egress.services.convergence import expected

MARK = "egress-portal.io/rendered-by"
_PLACES = {
    "egress.services.convergence.loading.render_what_can": "render",
    "egress.services.convergence.planning.check_object": "check",
}


@contextmanager
def version(number: int, *, renders_otherwise: bool = True) -> Iterator[None]:
    """Let the portal of this process be of another version, with its own rules for objects."""

    def render(*arguments: Any) -> Any:
        rendering = render_what_can(*arguments)
        marked = [_marked(obj, str(number)) for obj in rendering.objects]
        return replace(rendering, objects=type(rendering.objects)(marked))

    def check(obj: KubeObject, domains: Sequence[str]) -> Any:
        return check_object(_marked(obj, ""), domains)

    deeds = {"render": render, "check": check}
    expected.forget()
    with ExitStack() as stack:
        stack.enter_context(mock.patch("egress.domain.render.GENERATOR_VERSION", str(number)))
        for place, deed in _PLACES.items() if renders_otherwise else ():
            stack.enter_context(mock.patch(place, side_effect=deeds[deed]))
        yield
    expected.forget()


def _marked(obj: KubeObject, by: str) -> KubeObject:
    """Return an object with the mark of a version, or without any."""
    metadata = obj["metadata"]
    labels = {name: value for name, value in metadata["labels"].items() if name != MARK}
    labels |= {MARK: by} if by else {}
    marked = {**obj, "metadata": {**metadata, "labels": labels}}
    annotations = {**metadata["annotations"], CONTENT_HASH_ANNOTATION: content_hash(marked)}
    marked["metadata"]["annotations"] = annotations
    return marked
