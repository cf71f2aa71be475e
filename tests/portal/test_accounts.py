"""The file of identity providers, and who needs a second factor."""

import json
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import accounts


def providers(monkeypatch: pytest.MonkeyPatch, path: Path, content: str) -> list[dict[str, object]]:
    path.write_text(content)
    monkeypatch.setenv("EGRESS_OIDC_FILE", "")
    monkeypatch.setenv("EGRESS_TEST_OIDC", str(path))
    return accounts.providers("EGRESS_TEST_OIDC")


def test_a_secret_comes_from_the_variable_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EGRESS_CORP_SECRET", "hidden")
    content = json.dumps({"providers": [{"id": "corp", "client_secret_env": "EGRESS_CORP_SECRET"}]})
    found = providers(monkeypatch, tmp_path / "oidc.json", content)
    assert found == [{"id": "corp", "client_secret": "hidden"}]


@pytest.mark.parametrize("content", ["", "[]", '{"providers": 1}', '{"providers": ["corp"]}'])
def test_a_file_that_says_something_else_is_refused(
    content: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ImproperlyConfigured):
        providers(monkeypatch, tmp_path / "oidc.json", content)


def test_an_unknown_answer_to_who_needs_a_factor_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EGRESS_TEST_MFA", "everyone")
    with pytest.raises(ImproperlyConfigured):
        accounts.required_factor("EGRESS_TEST_MFA")
