"""The operator's desk: accounts and their log, audiences, schedules, imports, measures, alarms."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the desk keeps."""
