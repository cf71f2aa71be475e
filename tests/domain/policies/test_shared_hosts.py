"""Hosts that many owners share are warned of."""

import pytest

from egress.domain.policies import Level
from tests.domain.examples import findings, reasons, to


@pytest.mark.parametrize(
    "host",
    [
        "d111.cloudfront.net",
        "someone.github.io",
        "bucket.s3.amazonaws.com",
        "storage.googleapis.com",
        "raw.githubusercontent.com",
        "x.workers.dev",
        "a.blob.core.windows.net",
        "cloudflare-ech.com",
    ],
)
def test_a_shared_host_is_warned_of(host: str) -> None:
    assert "SharedHost" in reasons(findings(to(host)), Level.WARN)


@pytest.mark.parametrize("host", ["api.stripe.com", "notfastly.net", "developers.google.com"])
def test_a_host_of_one_owner_is_not(host: str) -> None:
    assert "SharedHost" not in reasons(findings(to(host)))
