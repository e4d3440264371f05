"""One file per measurement: each has ``measure() -> Figures`` and is named in ``NAMES``.

Run in ``.venv`` by ``scripts/measure.py``, so a measurement may use whatever the test lock brings.
"""

from __future__ import annotations

Figures = dict[str, float]

NAMES = ("help", "demo", "issue", "preflight", "races")
