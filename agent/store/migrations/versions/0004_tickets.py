"""Tickets, and what was tried in the last minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.store.times import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From the third schema."""
    op.create_table(
        "tickets",
        sa.Column("number", sa.Text, primary_key=True),
        *_text("person_id", "user_name", "person_name", "wanted", "facts"),
        *_text("secret_salt", "secret_mac", "spoken_salt", "spoken_mac"),
        sa.Column("made_at", UtcTime, nullable=False),
        *_text("made_by", "made_by_name"),
        sa.Column("expires_at", UtcTime, nullable=False),
        *_text("place"),
        *_count("epoch"),
        *_text("state"),
        *_count("misses"),
        sa.Column("rests_until", UtcTime),
        *_count("fence"),
        sa.Column("lease_until", UtcTime),
        *_text("claimed_by"),
        sa.Column("claimed_at", UtcTime),
        *_count("claims"),
        *_text("pass_id", "reason"),
        *_count("version"),
    )
    waits = sa.text("state IN ('open', 'claiming')")
    op.create_index(
        "one_open_ticket", "tickets", ["person_id"], unique=True, sqlite_where=waits, postgresql_where=waits
    )
    op.create_index("recent_tickets", "tickets", ["made_at"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("what", "by"),
        sa.Column("at", UtcTime, nullable=False),
    )
    op.create_index("attempts_in_time", "attempts", ["what", "at"])


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _count(name: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False)]
