"""How far metrics move under other seeds: a column of theirs, and the measurements."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("metrics", sa.Column("deviation", sa.Double))
    op.create_table(
        "noises",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "run", _ID, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
