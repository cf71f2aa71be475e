"""How states, kinds of notifications and audit tags look: one table of each for all pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """How one state looks: its word, its icon and its tone. Never the colour alone."""

    word: str
    icon: str
    tone: str


BADGES: dict[str, Badge] = {
    # requests and verdicts
    "pending": Badge("Pending", "clock", "wait"),
    "approved": Badge("Approved", "check-circle", "good"),
    "denied": Badge("Denied", "x-circle", "bad"),
    "withdrawn": Badge("Withdrawn", "undo", "quiet"),
    "lapsed": Badge("Lapsed", "hourglass", "quiet"),
    # grants
    "active": Badge("Active", "check-circle", "good"),
    "expiring": Badge("Expiring", "hourglass", "wait"),
    "suspended": Badge("Suspended", "pause", "held"),
    "expired": Badge("Expired", "stop", "quiet"),
    "revoked": Badge("Revoked", "x-circle", "quiet"),
    # conditions of grants
    "applied": Badge("Applied", "check", "good"),
    "drifted": Badge("Drifted", "drift", "wait"),
    "missing": Badge("Missing", "alert", "bad"),
    "failed": Badge("Failed", "alert", "bad"),
    "confirmed": Badge("Confirmed gone", "shield-check", "quiet"),
    "unconfirmed": Badge("Being removed", "hourglass", "wait"),
    # finding levels
    "block": Badge("Blocks", "stop", "bad"),
    "review": Badge("Needs two approvers", "people", "held"),
    "warn": Badge("Warning", "alert", "wait"),
    "info": Badge("Note", "info", "note"),
    "clear": Badge("No findings", "check", "quiet"),
    # namespaces
    "enforced": Badge("Enforced", "shield-check", "good"),
    "granted-not-enforced": Badge("Granted, not enforced", "shield-off", "wait"),
    # deliveries and their steps
    "running": Badge("Running", "renew", "note"),
    "done": Badge("Done", "check-circle", "good"),
    "refused": Badge("Refused", "stop", "bad"),
    "abandoned": Badge("Abandoned", "unplugged", "quiet"),
    "intended": Badge("Writing", "renew", "note"),
    "written": Badge("Written", "check", "good"),
    "skipped": Badge("Skipped", "minus", "quiet"),
    "unknown": Badge("Unknown", "info", "wait"),
    "waiting": Badge("Waiting", "clock", "wait"),
    # clusters
    "reachable": Badge("Reachable", "check-circle", "good"),
    "unreachable": Badge("Unreachable", "unplugged", "bad"),
    "sandbox": Badge("Sandbox", "sandbox", "note"),
    "foreign": Badge("Foreign", "alert", "wait"),
    "adoptable": Badge("Adoptable", "check", "note"),
    "deleted": Badge("Deleted", "trash", "quiet"),
    "gone": Badge("Gone already", "minus", "quiet"),
    "stale": Badge("Changed since", "drift", "bad"),
    # checks and simple facts
    "pass": Badge("Pass", "check", "good"),
    "not-a-boundary": Badge("Not a boundary", "shield-off", "bad"),
    "fail": Badge("Fail", "x-circle", "bad"),
    "valid": Badge("Valid", "shield-check", "good"),
    "broken": Badge("Broken", "alert", "bad"),
    "inactive": Badge("Inactive", "minus", "quiet"),
    "yes": Badge("Yes", "check-circle", "good"),
    "no": Badge("No", "x-circle", "bad"),
    # rule books
    "draft": Badge("Draft", "edit", "quiet"),
    "proposed": Badge("Proposed", "clock", "wait"),
    "in-force": Badge("In force", "check-circle", "good"),
    "replaced": Badge("Replaced", "minus", "quiet"),
    "rejected": Badge("Rejected", "x-circle", "bad"),
    # break-glass
    "break-glass": Badge("Break-glass", "alert", "bad"),
    "look-pending": Badge("Waits for a second look", "clock", "wait"),
    "look-confirmed": Badge("Confirmed", "check-circle", "good"),
    "look-ended": Badge("Ended", "x-circle", "bad"),
    "look-lapsed": Badge("Ended unanswered", "hourglass", "bad"),
    # actions of a plan
    "create": Badge("Create", "plus", "good"),
    "update": Badge("Update", "edit", "note"),
    "delete": Badge("Delete", "trash", "bad"),
    "unchanged": Badge("Unchanged", "check", "quiet"),
}

TONES = frozenset({"good", "wait", "bad", "note", "held", "quiet"})

KIND_ICONS = {
    "to-decide": ("inbox", "note"),
    "reminder": ("hourglass", "wait"),
    "escalation": ("alert", "wait"),
    "decided": ("check-circle", "note"),
    "applied": ("key", "good"),
    "failed": ("alert", "bad"),
    "expiring": ("hourglass", "wait"),
    "recertify": ("renew", "wait"),
    "drift": ("drift", "wait"),
    "break-glass": ("alert", "bad"),
}
"""Icon and tone of each kind of notification. Its title says the same in words."""

TAG_ICONS = {
    "delivery:started": "box",
    "delivery:finished": "box",
    "cluster:connected": "server",
    "cluster:unreachable": "unplugged",
    "grant:failed": "alert",
    "drift:found": "drift",
    "break-glass:opened": "alert",
    "break-glass:looked": "check-circle",
}
VERB_ICONS = {
    "submitted": "plus",
    "edited": "edit",
    "commented": "comment",
    "approval-given": "check",
    "approved": "check-circle",
    "denied": "x-circle",
    "withdrawn": "undo",
    "lapsed": "hourglass",
    "announced": "hourglass",
    "reminded": "hourglass",
    "escalated": "alert",
    "created": "key",
    "activated": "check-circle",
    "renewed": "renew",
    "expiring": "hourglass",
    "expired": "stop",
    "revoked": "x-circle",
    "suspended": "pause",
    "resumed": "check-circle",
    "confirmed": "shield-check",
    "healed": "check",
    "heal-asked": "renew",
    "saved": "book",
    "tested": "spark",
    "changed": "edit",
    "bound": "people",
    "unbound": "people",
    "deactivated": "minus",
    "claims-changed": "people",
    "closed-at-provider": "minus",
    "sessions-ended": "leave",
    "factor-added": "shield-check",
    "factor-removed": "minus",
    "signed-in": "person",
    "signed-out": "leave",
}
