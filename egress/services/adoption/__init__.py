"""Objects of others: listed as they are seen, and judged when somebody asks to adopt one."""

from egress.services.adoption.judging import judge_in, without
from egress.services.adoption.listing import MOST, forget, keep

__all__ = ["MOST", "forget", "judge_in", "keep", "without"]
