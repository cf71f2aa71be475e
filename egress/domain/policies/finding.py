"""What a policy says about a request."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding weighs: `block` refuses, `review` needs two distinct approvers."""

    BLOCK = "block"
    REVIEW = "review"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One remark of a policy.

    `reason` is a CamelCase constant for machines, `message` a sentence for people with the
    offending value in quotes and a next step. `field` names the input it belongs to:
    `namespace`, `service_account`, `duration`, or `destinations.<index>` (optionally with
    `.host`, `.port`, `.protocol`, `.tls_origination`, `.addresses`, `.long_lived`, `.alias`).
    `codes` are the names that Istio's analyzer (`IST...`) and Kiali (`KIA...`) have for what
    would go wrong (istio.md 10.5, 10.6), for people who look it up.
    """

    reason: str
    message: str
    level: Level
    field: str = ""
    codes: tuple[str, ...] = ()
