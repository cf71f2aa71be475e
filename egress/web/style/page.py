"""Everything that the style page shows."""

from datetime import datetime

from egress.selectors.paths import ObjectState
from egress.web.style import pictures, samples, tokens
from egress.web.style.badges import BADGES, TONES

TOASTS = {
    "good": "Made up: it was done.",
    "note": "Made up: something is worth knowing.",
    "wait": "Made up: it waits.",
    "bad": "Made up: it was not done. This stays until it is closed.",
}
"""What toasts say, by tone."""


def parts(now: datetime) -> dict[str, object]:
    """Return the context of the page; times are told as from `now`."""
    return {
        "tokens": tokens,
        "badges": BADGES,
        "tones": sorted(TONES),
        "findings": samples.FINDINGS,
        "entries": samples.happenings(now),
        "diff": samples.DIFF,
        "objects": samples.objects(),
        "yaml": pictures.yaml(),
        "form": samples.SampleForm(auto_id="sample_%s"),
        "refused": samples.refused_form(),
        "rows": samples.grant_rows(now),
        "destination": samples.destination(),
        "page": samples.PAGER,
        "chips": samples.CHIPS,
        "said": samples.messages(),
        "frame": samples.frame(now),
        "chart": pictures.chart(),
        "matrix": pictures.matrix(),
        "open_path": pictures.path("open", ObjectState.APPLIED),
        "cut_path": pictures.path("cut", ObjectState.FAILED),
        "toasts": TOASTS,
    }
