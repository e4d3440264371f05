"""The key that tickets are sealed with: beside the audit's, outside the database, and missed when it is lost."""

from __future__ import annotations

import json
import sys

import pytest

from agent import errors
from tests.actions.ticket_office import LAPTOP, MARA, claimed, make, secret_of
from tests.world import World


def test_a_keys_file_of_an_earlier_version_gets_its_key_once(w: World) -> None:
    path = w.agent.settings.keys_file
    first = json.loads(path.read_text("ascii"))
    path.write_text(json.dumps({"audit": first["audit"]}), encoding="ascii")
    with w.another_agent() as agent:
        assert agent.sealer is not w.agent.sealer
    second = json.loads(path.read_text("ascii"))
    assert second["audit"] == first["audit"]
    assert second["tickets"] not in {"", first["tickets"]}
    with w.another_agent():
        assert json.loads(path.read_text("ascii")) == second
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


def test_a_lost_key_is_missed_before_it_makes_every_ticket_a_wrong_one(w: World) -> None:
    make(w, LAPTOP)
    path = w.agent.settings.keys_file
    held = json.loads(path.read_text("ascii"))
    path.write_text(json.dumps({"audit": held["audit"]}), encoding="ascii")
    with pytest.raises(errors.Misconfigured, match="1 open") as missed, w.another_agent():
        pass
    assert "Put the newest keys file back" in missed.value.advice
    assert json.loads(path.read_text("ascii")) == {"audit": held["audit"]}


def test_neither_key_nor_secret_is_in_a_backup(w: World) -> None:
    made = make(w, LAPTOP)
    backup = w.agent.settings.state_dir / "backup.db"
    w.agent.store.backup(backup)
    content = backup.read_bytes()
    key = json.loads(w.agent.settings.keys_file.read_text("ascii"))["tickets"]
    for hidden in (key.encode(), bytes.fromhex(key), secret_of(made).printed().encode()):
        assert hidden not in content
    with pytest.raises(errors.Refused, match="somebody else has to say yes"):
        claimed(w, made)
    assert w.tenant_passes(MARA) == []
