"""What to do about a grant that could not be applied, for templates."""

from django import template

from egress.domain.next_steps import NextStep
from egress.models import Grant
from egress.selectors.grants import step_after_failure

register = template.Library()


@register.filter
def next_step(grant: Grant) -> NextStep | None:
    """Return what to do about the failure of a grant, None where there is none."""
    return step_after_failure(grant)
