"""What Tapslip remembers: SQLAlchemy Core on SQLite or PostgreSQL, reached by `store.Store.begin` alone."""
