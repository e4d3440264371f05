"""Whether a code was shown on a screen, and whether somebody said that it was noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From the second schema."""
    op.add_column("passes", sa.Column("shown", sa.Text, nullable=False, server_default=""))
