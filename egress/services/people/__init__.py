"""People, teams and roles: what admins decide about who may do what.

`accounts` creates, changes and closes accounts, `teams` decides about membership, `roles` about
approvers, admins and auditors, `robots` about accounts of pipelines, `last_admin` sees to it that
somebody can still do all that, `sign_ins` keeps who came and went.
"""

from egress.services.people.accounts import (
    change_person,
    create_person,
    deactivate,
    end_sessions,
    reactivate,
    set_password,
)
from egress.services.people.robots import close_robot, create_robot
from egress.services.people.roles import bind_role, unbind_role
from egress.services.people.sign_ins import note_failed_sign_in, note_sign_in, note_sign_out
from egress.services.people.teams import create_team, set_members

__all__ = [
    "bind_role",
    "change_person",
    "close_robot",
    "create_person",
    "create_robot",
    "create_team",
    "deactivate",
    "end_sessions",
    "note_failed_sign_in",
    "note_sign_in",
    "note_sign_out",
    "reactivate",
    "set_members",
    "set_password",
    "unbind_role",
]
