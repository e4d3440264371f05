"""What people decide: asks, freezes, alerts; leases of the work behind; and whose pass it is, by object id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.store.times import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From the first schema."""
    op.add_column("passes", sa.Column("by_id", sa.Text, nullable=False, server_default=""))
    op.create_index("passes_of_operator", "passes", ["by_id", "requested_at"])
    _asks()
    _freezes()
    _alerts()
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        *_text("holder"),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("until", UtcTime, nullable=False),
    )


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _asks() -> None:
    op.create_table(
        "asks",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("kind", "state", "matter", "why", "roles", "user_name", "asked_by", "asked_by_name"),
        sa.Column("asked_at", UtcTime, nullable=False),
        *_text("named", "answered_by", "answered_by_name"),
        sa.Column("answered_at", UtcTime),
        *_text("note"),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("recent_asks", "asks", ["asked_at"])


def _freezes() -> None:
    op.create_table(
        "freezes",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("state"),
        sa.Column("at", UtcTime, nullable=False),
        *_text("by", "by_name", "why"),
        sa.Column("lifted_at", UtcTime),
        *_text("lifted_by"),
        sa.Column("version", sa.Integer, nullable=False),
    )
    holds = sa.text("state = 'holds'")
    op.create_index("one_freeze", "freezes", ["state"], unique=True, sqlite_where=holds, postgresql_where=holds)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("kind", "level", "person_id", "subject", "sentence", "act", "link"),
        sa.Column("raised_at", UtcTime, nullable=False),
        sa.Column("settled_at", UtcTime),
        *_text("settled_by", "note"),
        sa.Column("version", sa.Integer, nullable=False),
    )
