"""The first schema: journeys, passes, slips, watermarks, the audit with its head, and the tenant's stamp."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.store.times import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty database."""
    _passes()
    _journeys()
    _slips()
    _audit()
    op.create_table(
        "watermarks",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", UtcTime, nullable=False),
    )
    op.create_table(
        "stamps",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _points_at(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], f"{table}_{column}", deferrable=True, initially="DEFERRED")


def _passes() -> None:
    op.create_table(
        "passes",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("person_id", "state", "by"),
        sa.Column("lifetime", sa.Integer, nullable=False),
        sa.Column("one_time", sa.Boolean, nullable=False),
        sa.Column("start_at", UtcTime),
        sa.Column("requested_at", UtcTime, nullable=False),
        sa.Column("issued_at", UtcTime),
        sa.Column("ends_at", UtcTime),
        sa.Column("gone_at", UtcTime),
        *_text("tenant_id", "others", "reason", "reference"),
        sa.Column("version", sa.Integer, nullable=False),
    )
    is_open = sa.text("state IN ('requested', 'issuing', 'issued', 'unknown')")
    op.create_index(
        "one_open_pass",
        "passes",
        ["person_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _journeys() -> None:
    op.create_table(
        "journeys",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("person_id", "user_name", "person_name", "profile", "profile_digest", "serial"),
        sa.Column("pass_id", sa.Text),
        sa.Column("opened_at", UtcTime, nullable=False),
        *_text("opened_by", "state"),
        sa.Column("closed_at", UtcTime),
        *_text("baseline", "lost_method"),
        sa.Column("stolen", sa.Boolean, nullable=False),
        *_text("observations", "note"),
        sa.Column("version", sa.Integer, nullable=False),
        _points_at("journeys", "pass_id", "passes.id"),
    )
    is_open = sa.text("state = 'open'")
    op.create_index("open_journeys", "journeys", ["opened_at"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("journeys_of_person", "journeys", ["person_id"])
    op.create_index("recent_journeys", "journeys", ["opened_at"])


def _slips() -> None:
    op.create_table(
        "slips",
        sa.Column("number", sa.Text, primary_key=True),
        *_text("journey_id"),
        sa.Column("pass_id", sa.Text),
        *_text("state", "variant", "place"),
        sa.Column("made_at", UtcTime, nullable=False),
        *_text("by"),
        sa.Column("version", sa.Integer, nullable=False),
        _points_at("slips", "journey_id", "journeys.id"),
        _points_at("slips", "pass_id", "passes.id"),
    )
    op.create_index("slips_of_pass", "slips", ["pass_id"])
    op.create_index("slips_of_journey", "slips", ["journey_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        *_text("at", "by", "action", "outcome", "person_id", "journey_id", "pass_id", "facts", "mac"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("row", sa.Integer, nullable=False),
        *_text("mac", "seal"),
    )
    op.bulk_insert(head, [{"id": 1, "row": 0, "mac": "", "seal": ""}])
