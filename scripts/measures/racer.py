"""One of two processes that want a pass for the same person at the same instant; see ``races``.

Reads a line for each race: ``issue`` begins one, ``revoke`` takes away what this process has made. Answers with a line.
"""

from __future__ import annotations

import sys

from agent import errors, settings, wiring
from agent.actions import close, issue, planning
from agent.domain import cases
from agent.domain.people import Operator, Role
from agent.ports import Agent

PERSON, PROFILE, SERIAL = "mara.quist@tallisharbour.example", "windows-autopilot", "PF4TH101"


def main(state_dir: str, name: str) -> None:
    """Race until standard input ends."""
    agent = wiring.build(settings.load(None, {"HOME": state_dir}, overrides={"state_dir": state_dir}))
    by = Operator(f"local:{name}", f"{name} (technician)", Role.TECHNICIAN)
    journey = ""
    try:
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "issue":
                said, journey = _issue(agent, by)
            else:
                close.revoke(agent, journey, by)
                said = "revoked"
            print(said, flush=True)
    finally:
        agent.close()


def _issue(agent: Agent, by: Operator) -> tuple[str, str]:
    """(what became of it, the journey)."""
    asked = cases.KitAsked(PERSON, (cases.Item(agent.profiles[PROFILE], SERIAL),))
    try:
        made = issue.issue(agent, planning.Request(by, asked, screen=lambda _code: None))
    except errors.Refused as refused:
        return f"refused {' '.join(refused.codes)}", ""
    except errors.AgentError as problem:
        return f"{type(problem).__name__} {problem.summary}", ""
    return "issued", made.journeys[0].id


if __name__ == "__main__":
    main(*sys.argv[1:])
