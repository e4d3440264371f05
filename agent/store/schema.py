"""The tables as they stand today; how they came about is in `migrations/`, and a test holds the two equal.

Sets are JSON text in canonical order, enums are their values, an absent reference is NULL. References are checked at
the end of a unit of work, so that its rows may come in any order.
"""

from __future__ import annotations

import sqlalchemy as sa

from agent.store.times import UtcTime

#: The newest step in `migrations/versions/`.
REVISION = "0004"
#: The index that lets a person have one open pass.
ONE_OPEN_PASS = "one_open_pass"  # noqa: S105  an index's name

metadata = sa.MetaData()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _points_at(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], f"{table}_{column}", deferrable=True, initially="DEFERRED")


journeys = sa.Table(
    "journeys",
    metadata,
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
#: As the partial index says it, letter by letter: only then is the index used.
JOURNEY_IS_OPEN = sa.text("state = 'open'")
sa.Index(
    "open_journeys",
    journeys.c.opened_at,
    sqlite_where=JOURNEY_IS_OPEN,
    postgresql_where=JOURNEY_IS_OPEN,
)
sa.Index("journeys_of_person", journeys.c.person_id)
sa.Index("recent_journeys", journeys.c.opened_at)

passes = sa.Table(
    "passes",
    metadata,
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
    sa.Column("by_id", sa.Text, nullable=False, server_default=""),
    sa.Column("shown", sa.Text, nullable=False, server_default=""),
)
sa.Index("passes_of_operator", passes.c.by_id, passes.c.requested_at)
#: As the partial index says it, see above.
PASS_IS_OPEN = sa.text("state IN ('requested', 'issuing', 'issued', 'unknown')")
sa.Index(
    ONE_OPEN_PASS,
    passes.c.person_id,
    unique=True,
    sqlite_where=PASS_IS_OPEN,
    postgresql_where=PASS_IS_OPEN,
)

slips = sa.Table(
    "slips",
    metadata,
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
sa.Index("slips_of_pass", slips.c.pass_id)
sa.Index("slips_of_journey", slips.c.journey_id)

watermarks = sa.Table(
    "watermarks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
)

#: `at` is text on both dialects: the seal covers exactly what is stored.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    *_text("at", "by", "action", "outcome", "person_id", "journey_id", "pass_id", "facts", "mac"),
)

#: One row: the number and the seal of the newest audit row, so that cutting the end shows.
audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("row", sa.Integer, nullable=False),
    *_text("mac", "seal"),
)

asks = sa.Table(
    "asks",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    *_text("kind", "state", "matter", "why", "roles", "user_name", "asked_by", "asked_by_name"),
    sa.Column("asked_at", UtcTime, nullable=False),
    *_text("named", "answered_by", "answered_by_name"),
    sa.Column("answered_at", UtcTime),
    *_text("note"),
    sa.Column("version", sa.Integer, nullable=False),
)
sa.Index("recent_asks", asks.c.asked_at)

freezes = sa.Table(
    "freezes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    *_text("state"),
    sa.Column("at", UtcTime, nullable=False),
    *_text("by", "by_name", "why"),
    sa.Column("lifted_at", UtcTime),
    *_text("lifted_by"),
    sa.Column("version", sa.Integer, nullable=False),
)
#: The index that lets one freeze hold at a time.
ONE_FREEZE = "one_freeze"
FREEZE_HOLDS = sa.text("state = 'holds'")
sa.Index(ONE_FREEZE, freezes.c.state, unique=True, sqlite_where=FREEZE_HOLDS, postgresql_where=FREEZE_HOLDS)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    *_text("kind", "level", "person_id", "subject", "sentence", "act", "link"),
    sa.Column("raised_at", UtcTime, nullable=False),
    sa.Column("settled_at", UtcTime),
    *_text("settled_by", "note"),
    sa.Column("version", sa.Integer, nullable=False),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    *_text("person_id", "user_name", "person_name", "wanted", "facts"),
    *_text("secret_salt", "secret_mac", "spoken_salt", "spoken_mac"),
    sa.Column("made_at", UtcTime, nullable=False),
    *_text("made_by", "made_by_name"),
    sa.Column("expires_at", UtcTime, nullable=False),
    *_text("place"),
    sa.Column("epoch", sa.Integer, nullable=False),
    *_text("state"),
    sa.Column("misses", sa.Integer, nullable=False),
    sa.Column("rests_until", UtcTime),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("lease_until", UtcTime),
    *_text("claimed_by"),
    sa.Column("claimed_at", UtcTime),
    sa.Column("claims", sa.Integer, nullable=False),
    *_text("pass_id", "reason"),
    sa.Column("version", sa.Integer, nullable=False),
)
#: The index that lets a person have one open ticket.
ONE_OPEN_TICKET = "one_open_ticket"
TICKET_WAITS = sa.text("state IN ('open', 'claiming')")
sa.Index(ONE_OPEN_TICKET, tickets.c.person_id, unique=True, sqlite_where=TICKET_WAITS, postgresql_where=TICKET_WAITS)
sa.Index("recent_tickets", tickets.c.made_at)

#: What was tried in the last minute, to limit it: older rows are taken away with each new one.
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    *_text("what", "by"),
    sa.Column("at", UtcTime, nullable=False),
)
sa.Index("attempts_in_time", attempts.c.what, attempts.c.at)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    *_text("holder"),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("until", UtcTime, nullable=False),
)

stamps = sa.Table(
    "stamps",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

#: Alembic's own table, declared here to be read without loading Alembic.
alembic_version = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def revision(connection: sa.Connection) -> str:
    """Which step the database stands at; empty before the first."""
    if not sa.inspect(connection).has_table(alembic_version.name):
        return ""
    return connection.scalar(sa.select(alembic_version.c.version_num)) or ""
