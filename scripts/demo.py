"""The whole story on one machine: ``python3 scripts/demo.py [--once] [--out DIR] [--port P] [--record FILE]``.

Makes the environment when it is missing, then hands everything to ``tapslip demo``.
``-P`` keeps a folder named ``agent`` where the user happens to stand from being taken for ours.
"""

from __future__ import annotations

import sys

import bootstrap

if __name__ == "__main__":
    sys.exit(bootstrap.run(bootstrap.RUN_LOCK, ["-P", "-m", "agent", "demo", *sys.argv[1:]]))
