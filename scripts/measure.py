"""Figures, not feelings: ``python3 scripts/measure.py [NAME…] [--json FILE]``.

Starts what each measurement needs on loopback, prints a table and writes ``{name: {figure: value}}``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

import bootstrap
import measures


def main(arguments: list[str]) -> int:
    """Run the named measurements, or all; 1 when one of them could not be taken."""
    wanted = _parse(arguments)
    taken: dict[str, measures.Figures] = {}
    names = wanted.names or measures.NAMES
    for name in names:
        figures = _take(name)
        if figures is not None:
            taken[name] = figures
    if wanted.json:
        wanted.json.write_text(json.dumps(taken, indent=2) + "\n", encoding="utf-8")
    return 0 if len(taken) == len(set(names)) else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take measurements of Tapslip on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(measures.NAMES)}; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    wanted = parser.parse_args(arguments)
    unknown = [name for name in wanted.names if name not in measures.NAMES]
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)}; there are: {', '.join(measures.NAMES)}")
    return wanted


def _take(name: str) -> measures.Figures | None:
    """The figures of one measurement, printed as they come; nothing when its program failed."""
    try:
        figures: measures.Figures = importlib.import_module(f"measures.{name}").measure()
    except (OSError, subprocess.CalledProcessError) as failure:
        said = getattr(failure, "stderr", None) or b""
        print(f"{name:<10} failed: {failure}\n{said.decode(errors='replace').rstrip()}", file=sys.stderr)
        return None
    for figure, value in figures.items():
        print(f"{name:<10} {figure:<24} {value:>12g}", flush=True)
    return figures


if __name__ == "__main__":
    if bootstrap.inside():
        sys.exit(main(sys.argv[1:]))
    sys.exit(bootstrap.run(bootstrap.TEST_LOCK, [__file__, *sys.argv[1:]]))
