"""The last look at an object before it is written, a file per kind."""

from egress.domain.manifests.check.last_look import check_object

__all__ = ["check_object"]
