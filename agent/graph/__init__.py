"""Microsoft Graph behind the Protocols of `agent.ports`; `connect` gives them all over one Session.

Reads use the registration `watcher`, passes are made and deleted by `issuer`. Requests leave only through
`transport`, addresses come only from `urls`, answers are read only by `answers`.
"""

from agent.graph.connecting import Adapters, Graph, connect
from agent.graph.connection import Connection, Credential

__all__ = ["Adapters", "Connection", "Credential", "Graph", "connect"]
