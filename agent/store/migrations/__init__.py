"""The schema's history, for Alembic: `env.py` and the numbered steps in `versions/`; there is no alembic.ini."""
