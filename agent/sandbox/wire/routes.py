"""THE route table: every Graph path this tenant serves, who may call it, what it costs, and who answers.

Permissions are held against Microsoft's own list by `tests/contracts/test_sandbox_permissions.py`. A path that is not
here is refused with 501; one that only beta has, with 400 on v1.0.
"""

from __future__ import annotations

from agent.sandbox.wire import device_routes, identity_routes, method_routes
from agent.sandbox.wire.exchange import Route

TABLE: tuple[Route, ...] = (*identity_routes.ROWS, *method_routes.ROWS, *device_routes.ROWS)
"""All rows; `POST /$batch` is none, for each of its items is let in by its own (`batch`)."""
