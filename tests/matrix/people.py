"""Who goes through the matrix. The letters of a row of the tables stand in this order."""

from egress.models import Cluster, Person, Role
from tests import factories as make

PEOPLE = (
    "nobody",
    "teamless",
    "member",
    "other",
    "approver",
    "outside",
    "auditor",
    "admin",
    "superuser",
)
"""People who look at pages; robots come last in the tables of the API."""
ROBOT = "robot"
DEACTIVATED = "deactivated"
"""Somebody who was a member, approver and admin when they signed in. They get what nobody gets."""
CALLERS = (*PEOPLE, ROBOT)
BREAK_GLASS = {"member": "sh*", "outside": "*"}
"""Who has the role break-glass, and for which namespaces. A member opens with it; outside may
neither ask nor decide in `shop`, so theirs alone opens nothing there."""


def somebody(name: str, main: Cluster) -> Person | None:
    """Return the person of this name, with the roles it stands for; None for nobody.

    `main` is the cluster in which approvers have their scopes.
    """
    if name == "nobody":
        return None
    teams = {"member": ["team-shop"], "other": ["team-payments"], ROBOT: ["team-shop"]}
    who = make.person(name, teams=teams.get(name, ()), is_robot=name == ROBOT)
    if name == "approver":
        make.role(who, Role.APPROVER, cluster=main, namespaces="sh*")
    if name == "outside":
        make.role(who, Role.APPROVER, cluster=main, namespaces="payments")
    if name in BREAK_GLASS:
        make.role(who, Role.BREAK_GLASS, namespaces=BREAK_GLASS[name])
    if name in ("auditor", "admin"):
        make.role(who, name)
    if name == "superuser":
        who.is_superuser = who.is_staff = True
        who.save()
    if name == DEACTIVATED:
        who.groups.add(make.team("team-shop"))
        make.role(who, Role.APPROVER)
        make.role(who, Role.ADMIN)
        make.role(who, Role.BREAK_GLASS)
    return who
