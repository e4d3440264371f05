"""Somebody with the machine or its database in their hands: clocks, databases, chains and hosts that are not ours."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from agent import errors, settings, wiring
from agent.actions import audit, issue
from agent.graph.clouds import cloud
from agent.store.store import Store
from tests.world import START, SharedClock, World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
ALEX, SECOND = "alex.morgan", "windows-autopilot=PF4TH111"
GUID = "8f2d4c1a-5b6e-4f70-9a8b-1c2d3e4f5a6b"


def database(w: World) -> Path:
    return w.agent.settings.state_dir / "tapslip.db"


def test_with_the_last_five_rows_cut_and_the_chain_recomputed_without_the_key_row_one_is_named(w: World) -> None:
    w.issue(MARA, LAPTOP)
    w.issue(ALEX, SECOND)
    w.unbox("PF4TH101", MARA)
    w.track()
    rows = [row.entry for row in audit.rows(w.agent.store)]
    assert len(rows) > 6
    with closing(sqlite3.connect(database(w))) as held, held:
        held.execute("DELETE FROM audit")
        held.execute("UPDATE audit_head SET row = 0, mac = '', seal = ''")
    with closing(Store(f"sqlite:///{database(w)}", b"whatever key one makes up")) as forged, forged.begin() as tx:
        for entry in rows[:-5]:
            tx.audit.append(entry)
    fault = audit.verify(w.agent.store).check.fault
    assert fault is not None
    assert fault.row == 1


def test_yesterday_s_database_is_noticed_by_the_next_sweep_of_the_hour_and_never_anchored_over(w: World) -> None:
    w.issue(MARA, LAPTOP)
    yesterday = w.agent.settings.state_dir / "yesterday.db"
    w.agent.store.backup(yesterday)
    w.issue(ALEX, SECOND)
    assert audit.anchor_if_due(w.agent) is None
    w.agent.close()
    database(w).write_bytes(yesterday.read_bytes())
    w.clock.pass_minutes(61)
    with w.another_agent() as agent:
        before = list(agent.store.anchors.lines())
        fault = audit.anchor_if_due(agent)
        assert fault is not None
        assert (fault.row, "an older database" in fault.sentence) == (3, True)
        assert list(agent.store.anchors.lines()) == before


def test_with_the_clock_set_back_two_hours_nothing_is_issued(w: World) -> None:
    """Once against Microsoft's time, once with both wrong together: then only the store knows."""
    w.issue(MARA, LAPTOP)
    before = w.left_behind()
    with w.another_agent(SharedClock(START - timedelta(hours=2))) as agent:
        with pytest.raises(errors.Refused) as alone:
            issue.issue(agent, w.request(ALEX, SECOND))
        assert alone.value.codes == ("clock_set_back",)
    w.clock.at -= timedelta(hours=2)
    with pytest.raises(errors.Refused, match="clock shows") as together:
        w.issue(ALEX, SECOND)
    assert together.value.codes == ("clock_set_back",)
    assert "Set the clock" in together.value.advice
    assert w.left_behind() == before
    assert w.audit()[-1] == "pass.issue refused"
    w.clock.at += timedelta(hours=2)
    assert w.issue(ALEX, SECOND).row.state.open


def test_a_clock_that_never_minted_is_still_held_against_microsoft_s(w: World) -> None:
    with w.another_agent(SharedClock(START - timedelta(hours=2))) as agent, pytest.raises(errors.Refused) as refused:
        issue.issue(agent, w.request(ALEX, SECOND))
    assert "clock_skew" in refused.value.codes


def test_another_tenant_s_database_is_refused_before_anything_is_asked(w: World) -> None:
    asked = dict(w.sandbox.gate.counters.requests)
    with closing(sqlite3.connect(database(w))) as held, held:
        held.execute("UPDATE stamps SET value = ? WHERE name = 'tenant_id'", (GUID,))
    with pytest.raises(errors.Misconfigured, match=f"belongs to the tenant {GUID}"), w.another_agent():
        pass
    assert dict(w.sandbox.gate.counters.requests) == asked


@pytest.mark.parametrize(
    "key", ["TAPSLIP_TENANT__GRAPH", "TAPSLIP_TENANT__LOGIN", "TAPSLIP_GRAPH", "TAPSLIP_TENANT__CLOUD"]
)
def test_no_setting_names_a_host_for_a_real_tenant(tmp_path: Path, key: str) -> None:
    with pytest.raises(errors.Misconfigured) as refused:
        settings.load(str(real(tmp_path)), {key: "https://graph.evil.example"})
    assert key in refused.value.advice


def test_a_sandbox_s_ready_line_moves_no_real_tenant(tmp_path: Path) -> None:
    """It names hosts; with a real tenant in the settings nobody reads it."""
    chosen = settings.load(str(real(tmp_path)), {})
    line = {"graph": "https://graph.evil.example", "login": "https://login.evil.example", "tenant_id": GUID}
    chosen.state_dir.mkdir()
    (chosen.state_dir / wiring.READY_FILE).write_text(json.dumps(line | {"registrations": {}}))
    connection = wiring.connect_to(chosen, wiring.Outside(ready=line))
    known = cloud("global")
    assert (connection.graph, connection.login) == (known.graph, known.login)
    assert not connection.sandbox


def real(folder: Path) -> Path:
    """Settings that name a real tenant."""
    held = {name: {"client_id": GUID, "secret": "not-a-real-secret"} for name in ("watcher", "issuer")}
    file = folder / "tapslip.yaml"
    tenant = {"tenant_id": GUID, "registrations": held}
    file.write_text(json.dumps({"state_dir": str(folder / "state"), "tenant": tenant}))
    return file
