"""What somebody is and may do, in sentences addressed to them."""

from collections.abc import Iterable
from dataclasses import dataclass

from egress.domain.wording import listed
from egress.models import ApiToken, Cluster, Risk
from egress.models.scope import Scope
from egress.models.standing import Standing


@dataclass(frozen=True)
class TokenRow:
    """A token, and where it works in words; empty for everywhere."""

    token: ApiToken
    limits: str


def rows_of_tokens(tokens: Iterable[ApiToken], clusters: Iterable[Cluster]) -> list[TokenRow]:
    """Return the tokens with their limits in words. `clusters` are those the reader sees."""
    names = {cluster.pk: cluster.name for cluster in clusters}
    return [TokenRow(token, _limits(token, names)) for token in tokens]


def _limits(token: ApiToken, names: dict[int, str]) -> str:
    where = listed([names.get(pk, "a cluster you do not see") for pk in token.clusters])
    what = listed([f"“{pattern}”" for pattern in token.namespaces])
    said = [f"cluster {where}" if where else "", f"namespaces {what}" if what else ""]
    return ", ".join(part for part in said if part)


def sentences_about(standing: Standing) -> list[str]:
    """Return the person's teams and roles in words, one sentence each."""
    said = [_about_teams(standing)]
    if standing.is_admin:
        said.append(
            "You are an admin: you manage people, clusters and the catalogue, and see everything. "
            "That does not let you approve requests."
        )
    if standing.is_auditor:
        said.append("You are an auditor: you see everything and change nothing.")
    names = dict(Cluster.objects.values_list("pk", "name")) if standing.scopes else {}
    said += [_about_scope(scope, names) for scope in standing.scopes]
    if standing.presets:
        said.append(
            "Your teams own entries of the catalogue: you decide requests for nothing but their "
            "destinations, but never your own."
        )
    if not standing.may_be_asked:
        said.append("You do not decide requests.")
    elif not standing.decides:
        said.append("You decide no requests but those that need the word of one of your teams.")
    return said


def _about_teams(standing: Standing) -> str:
    teams = sorted(standing.teams)
    if not teams:
        return "You are in no team, so you cannot ask for access. Ask an admin to add you to one."
    words = teams[0] if len(teams) == 1 else f"{', '.join(teams[:-1])} and {teams[-1]}"
    return f"You are in {words}: you see and ask for the namespaces that belong there."


def _about_scope(scope: Scope, names: dict[int, str]) -> str:
    namespaces = (
        "every namespace" if scope.namespaces == "*" else f"namespaces called “{scope.namespaces}”"
    )
    where = "every cluster" if scope.cluster_id is None else f"cluster {names[scope.cluster_id]}"
    limits = "" if scope.destinations == "*" else f", for destinations like “{scope.destinations}”"
    if scope.max_risk < Risk.REVIEW:
        limits += f", up to the risk “{Risk(scope.max_risk).label}”"
    if scope.lender_id is not None:
        return (
            f"For “{scope.lender}”, who lends you this, you decide requests of {namespaces} in "
            f"{where}{limits}, but neither theirs nor your own."
        )
    return f"You decide requests of {namespaces} in {where}{limits}, but never your own."
