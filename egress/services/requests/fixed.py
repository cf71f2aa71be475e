"""Requests whose access stands from the beginning: renewals and adoptions."""

from egress.domain.access import Destination
from egress.models import Cluster, Namespace, Request
from egress.services.errors import Refused
from egress.services.requests.drafts import Reading


def refuse_other_access(
    stored: Request,
    cluster: Cluster,
    namespace: Namespace,
    reading: Reading,
    destinations: list[Destination],
) -> None:
    """Raise Refused when an edit would change who gets access, or what is reached."""
    account = reading.account.uid if reading.account else ""
    asked = [row.destination for row in stored.destinations.all()]
    same = (cluster.pk, namespace.uid, account) == (
        stored.cluster_id,
        stored.namespace_uid,
        stored.service_account_uid,
    )
    if same and destinations == asked:
        return
    what, reason = ("A renewal", "RenewalIsFixed")
    if stored.adopts_digest:
        what, reason = ("An adoption", "AdoptionIsFixed")
    sentence = f"{what} keeps who has access and what is reached. Make a new request for that."
    raise Refused(sentence, reason=reason, fields={"destinations": [sentence]})
