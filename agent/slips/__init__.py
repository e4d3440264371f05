"""The paper: a slip as PDF, pure to its callers: (content, stock, language) -> bytes.

Nothing here knows the tenant, the store or the clock. A slip that carries a code is set by a child process
that gets the code by pipe and exits; a slip without one is set in this process.
"""
