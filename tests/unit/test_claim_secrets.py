"""Claim secrets: made, misread in every way that a hand or a scanner knows, and never seen."""

from __future__ import annotations

import random
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import errors
from agent.domain import claim_secrets
from agent.domain.claim_secrets import LENGTH, SYMBOLS, Sealer
from agent.domain.secrets import ClaimSecret

SECRETS = st.randoms(use_true_random=False).map(lambda chance: claim_secrets.make(chance.randrange))
SEALER = Sealer(b"a key of a test, outside the base")


def test_the_check_symbol_is_that_of_iso_7064() -> None:
    """The example of the International Standard Recording Code's sibling, GRid: A1-2425G-ABC1234002-M."""
    assert claim_secrets.check_symbol("A12425GABC1234002") == "M"


@given(SECRETS, st.randoms(use_true_random=False))
def test_what_was_printed_is_read_however_it_is_typed(secret: ClaimSecret, chance: random.Random) -> None:
    swaps = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(
        chance.choice(swaps.get(sign, sign + sign.lower())) + chance.choice(["", " ", "-", " - ", "\t"])
        for sign in secret.printed()
    )
    assert claim_secrets.read(typed) == secret
    assert claim_secrets.read(f"K7Q2MX-{typed}\r\n", "K7Q2MX") == secret


@given(st.text(SYMBOLS, min_size=LENGTH, max_size=LENGTH), st.integers(0, LENGTH - 1), st.sampled_from(SYMBOLS))
def test_no_wrong_symbol_keeps_the_check_symbol(text: str, place: int, other: str) -> None:
    wrong = text[:place] + other + text[place + 1 :]
    assert (wrong == text) or claim_secrets.check_symbol(wrong) != claim_secrets.check_symbol(text)


@given(st.text(SYMBOLS, min_size=LENGTH, max_size=LENGTH), st.integers(0, LENGTH - 2))
def test_no_two_swapped_symbols_keep_the_check_symbol(text: str, place: int) -> None:
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (swapped == text) or claim_secrets.check_symbol(swapped) != claim_secrets.check_symbol(text)


@pytest.mark.parametrize("typed", ["", "ABC", "0123456789ABC", "012345678UX", "ÄÖÜ45678901", "K7Q2MX", "\x00" * 11])
def test_what_is_no_secret_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(errors.WrongUsage, match="not a claim secret") as refused:
        claim_secrets.read(typed)
    assert not typed or typed not in refused.value.summary + refused.value.advice


@given(SECRETS)
def test_a_slip_of_the_finger_is_told_from_a_wrong_ticket(secret: ClaimSecret) -> None:
    text = secret.printed()
    wrong = next(sign for sign in "ACE" if sign != text[0])
    with pytest.raises(errors.WrongUsage) as refused:
        claim_secrets.read(wrong + text[1:])
    assert "mistyped" in refused.value.summary
    assert text not in "".join(traceback.format_exception(refused.value))


def test_a_secret_shows_itself_nowhere() -> None:
    secret = claim_secrets.make(random.Random(1).randrange)  # noqa: S311  a test's
    text = secret.printed()
    assert len(text) == LENGTH + 1
    for shown in (repr(secret), str(secret), f"{secret}", repr([secret]), repr(SEALER)):
        assert text not in shown
        assert "•••" in shown


def test_a_seal_fits_its_secret_and_key_alone() -> None:
    below = random.Random(2).randrange  # noqa: S311  a test's
    seal, again = SEALER.seal("0123456789X", below), SEALER.seal("0123456789X", below)
    assert seal != again, "each with a salt of its own"
    assert SEALER.fits("0123456789X", seal)
    assert not SEALER.fits("0123456789Y", seal)
    assert not Sealer(b"another key").fits("0123456789X", seal)
    assert "0123456789X" not in repr(seal)
    assert not SEALER.fits("", claim_secrets.NOBODYS)


@pytest.mark.parametrize(("typed", "read"), [("123 456", "123456"), (" 12-34-56\n", "123456"), ("", ""), ("  ", "")])
def test_a_pin_is_six_digits_or_nothing(typed: str, read: str) -> None:
    pin = claim_secrets.read_pin(typed)
    assert (pin.printed() if pin else "") == read


@pytest.mark.parametrize("typed", ["12345", "1234567", "12345A", "١٢٣٤٥٦"])
def test_another_pin_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(errors.WrongUsage, match="has 6 digits") as refused:
        claim_secrets.read_pin(typed)
    assert typed not in refused.value.summary
