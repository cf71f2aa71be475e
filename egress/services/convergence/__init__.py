"""Make clusters agree with the database, again and again.

`converge` works off what is due, `sweep_once` also ends what has run out and starts the search
for drift, `full_sweep` compares one cluster with everything granted in it.
"""

from egress.services.convergence.sweep import (
    converge,
    full_sweep,
    search_where_due,
    sweep_once,
    tend,
)

__all__ = ["converge", "full_sweep", "search_where_due", "sweep_once", "tend"]
