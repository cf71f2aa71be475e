"""What somebody is and may do, in sentences addressed to them."""

from egress.models import Cluster
from egress.models.standing import Scope, Standing


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
    if not standing.scopes:
        said.append("You do not decide requests.")
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
    return f"You decide requests of {namespaces} in {where}, but never your own."
