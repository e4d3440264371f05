"""The process that sets one live slip and ends, so that no copy of the code stays behind in a long-lived one.

Standard input: four bytes of length, big endian, then that much JSON {view, sources, template, code}. Standard
output: the PDF. The exit code is a `typesetting.Outcome`; whatever else happens is told to nobody.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Final

SECONDS: Final = 5
MEMORY: Final = 256 * 1024 * 1024


def main() -> int:
    """Reads one request, writes one PDF, returns the exit code."""
    _confine()
    from agent.slips import typesetting  # noqa: PLC0415  the limits must stand before the compiler is loaded

    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    request = json.loads(sys.stdin.buffer.read(length))
    sources = {name: source.encode() for name, source in request["sources"].items()}
    view = typesetting.with_code(request["view"], request["code"])
    try:
        made = typesetting.typeset(sources, request["template"], view)
    except typesetting.NotSet as not_set:
        return not_set.outcome
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    return typesetting.Outcome.DONE


def _confine() -> None:
    """No core dumps, a bounded processor time and memory; where the system has no such limits the time-out stands."""
    try:
        import resource  # noqa: PLC0415  not there on Windows
    except ImportError:
        return
    # Data, not address space: the compiler's own program text and the fonts are mapped, and cost no memory.
    wanted = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_DATA: MEMORY}
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (limit, limit))


def run() -> None:
    """Ends the process with the outcome at once, without the interpreter's clean-up and its messages."""
    try:
        outcome = main()
    except BaseException:  # noqa: BLE001  a traceback could show the request
        outcome = 1
    os._exit(outcome)
