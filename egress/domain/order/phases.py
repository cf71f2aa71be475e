"""The places in the order of writes (istio.md 3.8): a lower number is written first.

What takes away comes before what gives, whatever the host: a revoke never waits. The two places
at the end are decisions on a whole namespace: default deny goes on when production has what was
granted, and goes off when everything that closes is closed.
"""

from enum import IntEnum

from egress.domain.order.roles import Role


class Phase(IntEnum):
    """When a write is done."""

    OUT_DECISION = 10
    OUT_ALIAS = 20
    OUT_ALIAS_ROUTE = 22
    OUT_ADDRESSES = 24
    OUT_SIDECAR = 26
    OUT_ENTRY = 30
    OUT_MESH_LEG = 40
    OUT_CLIENT_RULE = 50
    OUT_GATEWAY_LEG = 60
    OUT_ORIGINATION = 62
    OUT_LAST_ENTRY = 70
    IN_LEG_BESIDE = 105
    IN_POLICY = 110
    IN_HIDDEN_ENTRY = 120
    IN_ORIGINATION = 130
    IN_HIDDEN_ENTRY_AT_CLIENT = 135
    IN_DOORS = 140
    IN_GATEWAY_LEG = 145
    IN_CLIENT_RULE = 150
    IN_MESH_LEG = 155
    IN_ENTRY = 160
    IN_SIDECAR = 165
    IN_ALIAS_ROUTE = 170
    IN_ADDRESSES = 172
    IN_ALIAS = 174
    CLOSE_NAMESPACE = 180
    OPEN_NAMESPACE = 190


OUT = {
    Role.POLICY: Phase.OUT_DECISION,
    Role.DOORS: Phase.OUT_DECISION,
    Role.MESH_LEG: Phase.OUT_MESH_LEG,
    Role.HTTP_LEG: Phase.OUT_GATEWAY_LEG,
    Role.DOOR_LEG: Phase.OUT_GATEWAY_LEG,
    Role.ORIGINATION: Phase.OUT_ORIGINATION,
    Role.CLIENT_RULE: Phase.OUT_CLIENT_RULE,
    Role.ALIAS_ROUTE: Phase.OUT_ALIAS_ROUTE,
    Role.ALIAS: Phase.OUT_ALIAS,
    Role.ADDRESSES: Phase.OUT_ADDRESSES,
    Role.ADDRESS_RULE: Phase.OUT_ORIGINATION,
    Role.OTHER: Phase.OUT_DECISION,
}
IN = {
    Role.POLICY: Phase.IN_POLICY,
    Role.DOORS: Phase.IN_DOORS,
    Role.MESH_LEG: Phase.IN_MESH_LEG,
    Role.HTTP_LEG: Phase.IN_GATEWAY_LEG,
    Role.DOOR_LEG: Phase.IN_GATEWAY_LEG,
    Role.ORIGINATION: Phase.IN_ORIGINATION,
    Role.CLIENT_RULE: Phase.IN_CLIENT_RULE,
    Role.ALIAS_ROUTE: Phase.IN_ALIAS_ROUTE,
    Role.ALIAS: Phase.IN_ALIAS,
    Role.ADDRESSES: Phase.IN_ADDRESSES,
    Role.ADDRESS_RULE: Phase.IN_ORIGINATION,
}
