"""Who may ask for a namespace: the team that owns it, or whoever may deploy there.

`sources` is what tells it, `settings` how that is chosen, `reviews` asks a cluster, and
`remembering` keeps its answers for reading.
"""

from egress.services.ownership.remembering import refresh
from egress.services.ownership.reviews import SECONDS, Answer, ask, owned_now, owned_of_grant

__all__ = ["SECONDS", "Answer", "ask", "owned_now", "owned_of_grant", "refresh"]
