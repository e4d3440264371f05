"""Starts the child that sets a live slip, hands it the code by pipe, and says in fixed sentences what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from agent import errors, settings
from agent.slips import child, typesetting

# The folder that holds the package, so that parent and child are the same version even when run from a checkout.
_HOME: Final = str(Path(__file__).resolve().parents[2])
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from agent.slips import child; child.run()"
_TRY_PREVIEW: Final = "Try `tapslip slip preview` with the same profile and paper."


def typeset(sources: dict[str, bytes], template: str, view: dict[str, Any], code: str) -> bytes:
    """The PDF of a live slip. Raises as `failure` says; no error holds the code or anything of the slip."""
    texts = {name: source.decode() for name, source in sources.items()}
    request = json.dumps({"view": view, "sources": texts, "template": template, "code": code}).encode()
    with tempfile.TemporaryDirectory(prefix="slip-") as folder:
        ended = _run(len(request).to_bytes(4, "big") + request, folder)
    if ended.returncode != typesetting.Outcome.DONE:
        raise failure(ended.returncode)
    return ended.stdout


def _run(request: bytes, folder: str) -> subprocess.CompletedProcess[bytes]:
    """`folder` is the child's place for temporary files: a child that is killed cannot tidy up after itself."""
    try:
        return subprocess.run(  # noqa: S603  our own interpreter, no shell, every word of it from here
            [sys.executable, "-I", "-c", _START, _HOME],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=child.SECONDS,
            env=_environment(folder),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise errors.AgentError(f"Setting the slip took longer than {child.SECONDS} seconds.", _TRY_PREVIEW) from None
    except OSError:
        raise errors.AgentError("The process that sets the slip could not be started.", _TRY_PREVIEW) from None


def failure(outcome: int) -> errors.AgentError:
    """Our error for an outcome: `errors.Refused` if the text is too long for the paper, else what to do."""
    if outcome == typesetting.Outcome.DOES_NOT_FIT:
        return errors.Refused(
            "The slip does not fit on one page of this paper.",
            "Use a larger paper, or shorten the steps of the profile.",
        )
    if outcome == typesetting.Outcome.FAULTY:
        return errors.Misconfigured("The slip template is faulty.", _TRY_PREVIEW)
    return errors.AgentError("The process that sets the slip ended early.", _TRY_PREVIEW)


def _environment(folder: str) -> dict[str, str]:
    """Only what a process needs to start; one thread, for the limit on memory counts each thread's stack."""
    around = settings.environment()
    needed = {name: around[name] for name in ("SYSTEMROOT",) if name in around}
    return {**needed, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder), "RAYON_NUM_THREADS": "1"}
