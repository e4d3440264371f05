"""What the README repeats of the program is the program's own."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from agent import profile_files, settings_table
from agent.cli import main
from agent.domain import words

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_help_block_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(main.tapslip, ["--help"], prog_name="tapslip", terminal_width=78).output.rstrip()
    assert f"```\n{printed}\n```" in README


def test_the_settings_table_is_the_programs_own() -> None:
    rows = [f"| `{row.key}` | {row.default or '—'} | {row.meaning} |" for row in settings_table.TABLE]
    assert "\n".join(rows) in README


def test_the_glossary_is_the_programs_own() -> None:
    assert "\n".join(f"| {word} | {meaning} |" for word, meaning in words.GLOSSARY) in README


def test_every_profile_is_named_with_whether_it_can_be_used() -> None:
    for name, profile in profile_files.load_all().items():
        usable = "not yet: the proof cannot be gathered" if profile.proof_missing else "yes"
        assert f"| `{name}` | {profile.title} | {usable} |" in README
