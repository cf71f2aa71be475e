"""Who may reach what, read from the objects alone: the check on the renderer from the other side.

It models istiod and the proxies as istio.md describes them and shares nothing with the code that
writes objects, so that one mistake cannot hide the other.
"""

from egress.domain.explain.answers import Anomaly, Answer, Hop
from egress.domain.explain.mesh import Mesh

__all__ = ["Anomaly", "Answer", "Hop", "Mesh"]
