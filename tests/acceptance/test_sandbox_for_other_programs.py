"""`tapslip sandbox` as another program sees it: one line when it is ready, TLS on both names, and a clean end."""

from __future__ import annotations

import json
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import tenancies


def organisation(ready: dict[str, Any], host: str) -> int:
    address = ready["graph"].replace("localhost", host)
    with requests.Session() as line:
        line.trust_env, line.verify = False, ready["ca_file"]
        return line.get(f"{address}/v1.0/organization", timeout=10).status_code


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_by_both_names_and_stops_cleanly_while_clients_stall(tmp_path: Path, sent: signal.Signals) -> None:
    with tenancies.program(tmp_path, "--latency", "0.01") as (process, line):
        ready = json.loads(line)
        port = int(ready["graph"].rpartition(":")[2])
        stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        assert [organisation(ready, host) for host in ("localhost", "127.0.0.1")] == [401, 401]
        process.send_signal(sent)
        assert process.wait(15) == 0
        for one in stalled:
            one.close()
    assert not (tmp_path / "sandbox.json").exists()


def test_a_seed_with_a_wrong_switch_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("options: {throttling: sometimes}\n")
    with tenancies.program(tmp_path, "--people-file", str(tmp_path / "seed.yaml")) as (process, line):
        _, told = process.communicate(timeout=60)
    assert (line, process.returncode) == ("", 5)
    assert "options.throttling: is one of 'on', 'reports', 'off'." in told
    assert "Traceback" not in told
