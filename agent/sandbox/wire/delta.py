"""Change tracking: every row once, then with the last page's link only what changed or went since.

A link holds a token that stands for a remembered state; each row is remembered by a digest of what was asked for
(learn.microsoft.com/graph/delta-query-overview).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from agent.sandbox import errors, tenant
from agent.sandbox.wire import exchange, odata

Row = dict[str, Any]

_LATEST = "latest"


def answer(
    host: tenant.Tenant,
    request: exchange.GraphRequest,
    context: str,
    rows: Sequence[Row],
    *,
    names: Sequence[str],
) -> exchange.GraphResponse:
    """200 with a page of the rows that are new to the caller, narrowed to `$select` or `names`; 410 for an old token.

    `$deltatoken=latest` skips to now. `rows` have every property, each an "id".
    """
    kept = odata.selected(request)
    shown = [odata.narrow(row, ["id", *kept] if kept else names) for row in odata.matching(request, rows)]
    token = request.query.get("$deltatoken", "")
    changes = shown if not token else [] if token == _LATEST else _since(host, token, shown)
    page = odata.collection(host, request, f"{context}", changes)
    if "@odata.nextLink" not in page.body:
        page.body["@odata.deltaLink"] = _link(host, request, _remember(host, shown))
    return page


def _since(host: tenant.Tenant, token: str, rows: list[Row]) -> list[Row]:
    known = host.deltas.get(token)
    if known is None:
        raise errors.GraphError(410, "syncStateNotFound", "The sync state generation is not found; resync is needed.")
    present = {row["id"] for row in rows}
    gone: list[Row] = [{"id": key, "@removed": {"reason": "changed"}} for key in known if key not in present]
    return [row for row in rows if known.get(row["id"]) != _digest(row)] + gone


def _remember(host: tenant.Tenant, rows: list[Row]) -> str:
    state = {row["id"]: _digest(row) for row in rows}
    token = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:40]
    host.deltas[token] = state
    return token


def _digest(row: Row) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()


def _link(host: tenant.Tenant, request: exchange.GraphRequest, token: str) -> str:
    kept = {name: value for name, value in request.query.items() if name not in ("$deltatoken", "$skiptoken")}
    query = "&".join(f"{quote(n, safe='$')}={quote(v, safe='')}" for n, v in {**kept, "$deltatoken": token}.items())
    return f"{host.origin}/{request.version}{quote(request.path, safe='/()')}?{query}"
