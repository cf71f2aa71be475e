"""Context and namespace are those that kubectl would use."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_egress import kubeconfig
from kubectl_egress.errors import Failure
from kubectl_egress.kubeconfig import Context
from kubectl_egress.place import Place, TypedPlace, find


def config(path: Path, current: str = "", **contexts: str) -> Path:
    """Write a kubeconfig with contexts and their namespaces."""
    listed: list[Any] = [
        {"name": name, "context": {"cluster": "c", "namespace": namespace}}
        for name, namespace in contexts.items()
    ]
    path.write_text(yaml.safe_dump({"current-context": current, "contexts": listed}))
    return path


def test_of_several_files_the_first_word_counts(tmp_path: Path) -> None:
    files = [
        tmp_path / "absent",
        config(tmp_path / "one", "", dev="shop"),
        config(tmp_path / "two", "prod", dev="other", prod="pay"),
        config(tmp_path / "three", "dev"),
    ]
    assert kubeconfig.current("", files) == Context("prod", "pay")
    assert kubeconfig.current("dev", files) == Context("dev", "shop")


def test_a_context_without_a_namespace_means_default(tmp_path: Path) -> None:
    assert kubeconfig.current("", [config(tmp_path / "one", "dev", dev="")]).namespace == "default"


def test_the_variable_lists_the_files(tmp_path: Path) -> None:
    listed = os.pathsep.join(["/a", "", "/b"])
    assert kubeconfig.paths({"KUBECONFIG": listed}) == [Path("/a"), Path("/b")]
    assert kubeconfig.paths({}) == [Path.home() / ".kube" / "config"]


def test_an_unknown_context_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r'"prod".*There is: dev'):
        kubeconfig.current("prod", [config(tmp_path / "one", "dev", dev="shop")])


@pytest.mark.parametrize("text", ["token: 'hunter2", "\0", "- [", "{a: hunter2: b}"])
def test_a_broken_file_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "one").write_text(text)
    with pytest.raises(Failure) as caught:
        kubeconfig.current("", [tmp_path / "one"])
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "7", "contexts: 3", "contexts: [1, {name: []}]"])
def test_a_file_that_says_nothing_names_no_context(tmp_path: Path, text: str) -> None:
    (tmp_path / "one").write_text(text)
    assert kubeconfig.current("", [tmp_path / "one"]) == Context()


def test_options_come_before_the_context_and_contexts_can_be_mapped(home: Path) -> None:
    assert find(TypedPlace(), {}) == Place("main", "shop", "main")
    assert find(TypedPlace(), {"main": "prod-1"}) == Place("prod-1", "shop", "main")
    assert find(TypedPlace(cluster="a", namespace="b"), {"main": "c"}) == Place("a", "b")


def test_without_a_kubeconfig_the_place_has_to_be_typed(home: Path) -> None:
    (home / ".kube" / "config").unlink()
    with pytest.raises(Failure, match="--cluster"):
        find(TypedPlace(namespace="shop"), {})
    assert find(TypedPlace(), {}, whole=True) == Place("", "")
