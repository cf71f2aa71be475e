"""One spelling per host, and honest names."""

import pytest

from egress.domain.policies import Level
from tests.domain.examples import findings, reasons, to


def test_another_spelling_of_a_host_is_refused_and_the_right_one_named() -> None:
    (finding,) = findings(to("API.Stripe.com."))[1:]
    assert (finding.reason, finding.level) == ("HostNotCanonical", Level.BLOCK)
    assert '"api.stripe.com"' in finding.message


def test_what_is_no_host_is_refused_with_the_reason_of_the_host_functions() -> None:
    assert "HostIsAddress" in reasons(findings(to("127.1")), Level.BLOCK)


@pytest.mark.parametrize("host", ["xn--80ak6aa92e.com", "xn--oogle-qmc.com", "xn--ggle-55da.com"])
def test_a_name_that_passes_for_another_needs_two_approvers(host: str) -> None:
    assert "MisleadingName" in reasons(findings(to(host)), Level.REVIEW)


def test_an_honest_international_name_is_shown_in_both_forms() -> None:
    (finding,) = (f for f in findings(to("xn--bcher-kva.de")) if f.reason == "InternationalName")
    assert finding.level is Level.INFO
    assert "bücher.de" in finding.message
