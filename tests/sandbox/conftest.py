"""A sandbox in process, with the system namespaces and nothing else."""

import pytest

from egress.sandbox.api import SandboxApi
from tests.sandbox.calling import Call, an_api, in_process


@pytest.fixture
def api() -> SandboxApi:
    """An API whose follow-up work is done right after each write."""
    return an_api()


@pytest.fixture
def call(api: SandboxApi) -> Call:
    """Calls that API in process."""
    return in_process(api)
