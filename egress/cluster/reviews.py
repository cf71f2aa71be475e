"""Access reviews: what is asked, and how the answer is read. Only a plain yes is one."""

from collections.abc import Sequence
from typing import Any

from egress.cluster.answers import Deed, malformed
from egress.cluster.gateway import Kind, Review

LONGEST_REASON = 400
_GROUP = "authorization.k8s.io"

Asked = tuple[str, dict[str, Any]]
"""The path of a review, and its body."""


def of_self(verb: str, kind: Kind, namespace: str) -> Asked:
    """Return the review of whether the caller may do `verb`, anywhere without a namespace."""
    return _asked("SelfSubjectAccessReview", {}, verb, kind, namespace)


def of_subject(user: str, groups: Sequence[str], verb: str, kind: Kind, namespace: str) -> Asked:
    """Return the review of whether `user`, in `groups`, may do `verb` in a namespace."""
    subject = {"user": user, "groups": list(groups)}
    return _asked("SubjectAccessReview", subject, verb, kind, namespace)


def _asked(review: str, subject: dict[str, Any], verb: str, kind: Kind, namespace: str) -> Asked:
    attributes = {"verb": verb, "group": kind.group, "resource": kind.plural}
    if namespace:
        attributes["namespace"] = namespace
    body = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": review,
        "spec": {**subject, "resourceAttributes": attributes},
    }
    return f"/apis/{_GROUP}/v1/{review.lower()}s", body


def verdict(answered: dict[str, Any], deed: Deed) -> Review:
    """Return the verdict of an answered review. Raises ClusterError without a status.

    A denial, an error of evaluation, and an `allowed` that is no boolean are a no. `denied` is
    left out or false where nothing denies; anything else is taken for a denial.
    """
    status = answered.get("status")
    if not isinstance(status, dict):
        raise malformed(deed, "has no status")
    error, reason = status.get("evaluationError"), status.get("reason")
    allowed = status.get("allowed") is True and status.get("denied") in (None, False) and not error
    why = " ".join(str(said) for said in (reason, error) if said)[:LONGEST_REASON]
    return Review(allowed, why)
