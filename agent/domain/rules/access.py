"""What lets a sign-in with a pass through, or not, beyond the pass policy: one place for such rules."""

from __future__ import annotations

from agent.domain.cases import Rule
from agent.domain.rules import conditional_access, destination, federation, privileged, registration

#: Asked once of each person who is known.
OF_THE_PERSON: tuple[Rule, ...] = (privileged.judge,)

#: Asked of each journey whose person is known.
OF_THE_JOURNEY: tuple[Rule, ...] = (
    conditional_access.judge,
    destination.judge,
    federation.judge,
    registration.judge,
)
