"""The first schema, which ``opening.py`` makes from ``schema.py``: stores begin here."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """There is no older store."""
