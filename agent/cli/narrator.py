"""Tells a story on the terminal: chapters, screens of devices, evidence; a spinner only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click


class Narrator:
    """Writes to standard output; plain lines when it is not a terminal."""

    def __init__(self) -> None:
        self._alive = sys.stdout.isatty()

    def chapter(self, title: str) -> None:
        """A heading with room before it."""
        click.echo()
        click.secho(title, bold=True)

    def say(self, sentence: str) -> None:
        """One line."""
        click.echo(f"  {sentence}")

    def screen(self, shown: dict[str, Any]) -> None:
        """What a device shows."""
        click.echo(f"  {click.style(shown['serial'], fg='cyan')} │ {shown['message']}")

    def seen(self, journey: str, milestone: str, proof: str) -> None:
        """One piece of evidence."""
        click.echo(f"  {click.style('✓', fg='green')} {journey}: {milestone}  {click.style(proof, dim=True)}")

    @contextmanager
    def busy(self, text: str) -> Iterator[Callable[[str], None]]:
        """A spinner while something takes long; yields a way to change its text."""
        if not self._alive:
            yield lambda _text: None
            return
        from rich.console import Console
        from rich.markup import escape

        with Console().status(escape(text)) as status:
            yield lambda new: status.update(escape(new))
