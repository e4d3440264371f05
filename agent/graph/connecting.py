"""The face for wiring: one Session, one set of tokens, an adapter for each of the tenant's sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import requests.adapters

from agent import ports
from agent.graph import (
    access,
    activity,
    administration,
    apple_tenant,
    devices,
    mail,
    operators,
    passes,
    people,
    tenant,
)
from agent.graph.calls import Calls
from agent.graph.connection import Connection
from agent.graph.sign_in import SignIns
from agent.graph.transport import Transport

#: What stands in for the network: address prefix -> adapter.
Adapters: TypeAlias = Mapping[str, requests.adapters.BaseAdapter]


@dataclass(frozen=True, slots=True)
class Graph:
    """The tenant through Graph; `close` it when done."""

    people: people.GraphPeople
    passes: passes.GraphPasses
    devices: devices.GraphDevices
    apple: apple_tenant.GraphApple
    tenant: tenant.GraphTenant
    activity: activity.GraphActivity
    sign_ins: SignIns
    administration: administration.GraphAdministration
    mail: mail.GraphMail
    access: access.GraphAccess
    operators: operators.GraphOperators
    calls: Calls
    transport: Transport

    def close(self) -> None:
        """Let go of threads and connections."""
        self.transport.close()


def connect(
    connection: Connection,
    clock: ports.Clock,
    chance: ports.Chance,
    adapters: Adapters | None = None,
) -> Graph:
    """Make the adapters; nothing is asked yet. `adapters` (address prefix -> adapter) stand in for the network."""
    transport = Transport(connection, chance, adapters)
    calls = Calls(connection, transport, clock, chance)
    sign_ins = SignIns(connection, transport, clock)
    return Graph(
        people=people.GraphPeople(calls),
        passes=passes.GraphPasses(calls),
        devices=devices.GraphDevices(calls),
        apple=apple_tenant.GraphApple(calls),
        tenant=tenant.GraphTenant(calls, clock),
        activity=activity.GraphActivity(calls),
        sign_ins=sign_ins,
        administration=administration.GraphAdministration(calls, sign_ins),
        mail=mail.GraphMail(calls),
        access=access.GraphAccess(calls),
        operators=operators.GraphOperators(calls, sign_ins, connection.issuing_permission),
        calls=calls,
        transport=transport,
    )
