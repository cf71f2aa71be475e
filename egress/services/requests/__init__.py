"""Requests: from what somebody types to a decision.

`drafts` understands what was typed, `sights` looks at the live cluster, `assessment` asks the
policies, `previews` shows what would happen, `comparing` against the live cluster, `submissions`
creates and edits, `decisions` decides, `voices` counts who said yes, `recording` keeps it in the
audit trail, `reminders` reminds of what waits, `renewals` asks for more time, `adoptions` to take
over objects of others, `endings` are withdrawing and lapsing, `comments` is what people say,
`unsent` keeps what nobody sent yet.
"""

from egress.services.looking import begin_anew_after_looking
from egress.services.requests.adoptions import adopt, preview_adoption
from egress.services.requests.assessment import live_findings
from egress.services.requests.comments import comment
from egress.services.requests.comparing import Comparison, compare
from egress.services.requests.decisions import decide
from egress.services.requests.drafts import DestinationDraft, RequestDraft
from egress.services.requests.endings import lapse_overdue, withdraw
from egress.services.requests.previews import Preview, preview
from egress.services.requests.reminders import remind_waiting
from egress.services.requests.renewals import renew
from egress.services.requests.stages import StageNow, stages_now, stages_of_pending
from egress.services.requests.submissions import edit, submit
from egress.services.requests.unsent import (
    drop_draft,
    drop_old_drafts,
    keep_draft,
    without_secrets,
)

__all__ = [
    "Comparison",
    "DestinationDraft",
    "Preview",
    "RequestDraft",
    "StageNow",
    "adopt",
    "begin_anew_after_looking",
    "comment",
    "compare",
    "decide",
    "drop_draft",
    "drop_old_drafts",
    "edit",
    "keep_draft",
    "lapse_overdue",
    "live_findings",
    "preview",
    "preview_adoption",
    "remind_waiting",
    "renew",
    "stages_now",
    "stages_of_pending",
    "submit",
    "withdraw",
    "without_secrets",
]
