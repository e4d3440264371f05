"""Pictures of the program at work: ``python3 scripts/screenshots.py [--out DIR]``.

Plays the demo, keeps its board open, and writes the picture in the README; with ``--out`` each page and slip too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import bootstrap

PICTURE = bootstrap.ROOT / "agent" / "web" / "help" / "demo.png"


def main(arguments: list[str]) -> int:
    """Play, look, compose; 1 with a sentence when the demo or the browser fails."""
    parser = argparse.ArgumentParser(description="Make the picture in the README, and single ones.")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write every page and slip alone into this folder")
    singles = parser.parse_args(arguments).out
    from pictures import looks, story  # noqa: PLC0415  they need what the test lock brings

    try:
        with tempfile.TemporaryDirectory(prefix="tapslip-pictures-", ignore_cleanup_errors=True) as folder:
            with story.played(Path(folder)) as played:
                shots = looks.taken(played)
            PICTURE.parent.mkdir(exist_ok=True)
            PICTURE.write_bytes(looks.composed(played.told, shots))
    except story.StoryFailed as failure:
        print(f"No picture was made. {failure}", file=sys.stderr)
        return 1
    print(f"{PICTURE.relative_to(bootstrap.ROOT)}: {PICTURE.stat().st_size // 1024} KB")
    if singles:
        _write(singles, shots)
    return 0


def _write(folder: Path, shots: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in shots.items():
        (folder / f"{name}.png").write_bytes(picture)
        print(folder / f"{name}.png")


if __name__ == "__main__":
    if bootstrap.inside():
        sys.exit(main(sys.argv[1:]))
    sys.exit(bootstrap.run(bootstrap.TEST_LOCK, [__file__, *sys.argv[1:]]))
