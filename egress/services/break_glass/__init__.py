"""Break-glass: opening access at once, and the second look that somebody else takes at it.

`opening` opens what is asked for without its approval, `looking` confirms or ends that afterwards,
and ends what nobody looked at in time.
"""

from egress.services.break_glass.looking import Look, lapse_unlooked, look
from egress.services.break_glass.opening import hours_for, open_at_once, why_never

__all__ = ["Look", "hours_for", "lapse_unlooked", "look", "open_at_once", "why_never"]
