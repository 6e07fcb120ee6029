"""One-time codes: sealed secrets, the step of a code, and what the person is shown once."""

import pyotp
import pytest

from cti.bootstrap.access.codes import STEP, enrolment, new_secret, picture, seal, step_of, unseal

KEY, T0 = b"une clef de trente-deux signes !", 1_797_408_000_000_000
#: RFC 6238, appendix B: the last six of eight digits.
RFC_SECRET, RFC_CODES = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", {59: "287082", 1111111109: "081804", 2000000000: "279037"}


@pytest.mark.parametrize(("second", "code"), RFC_CODES.items())
def test_the_codes_of_the_rfc_are_ours(second: int, code: str) -> None:
    assert step_of(RFC_SECRET, code, second * 1_000_000, None) == second // STEP


def test_a_code_is_good_one_step_around_and_no_longer() -> None:
    secret, step = new_secret(), T0 // 1_000_000 // STEP
    code = pyotp.TOTP(secret).at(step * STEP)
    around = {away: step_of(secret, code, (step + away) * STEP * 1_000_000, None) for away in (-2, -1, 0, 1, 2)}
    assert around == {-2: None, -1: step, 0: step, 1: step, 2: None}


def test_a_code_is_good_once_and_none_before_it_ever_again() -> None:
    secret, step = new_secret(), T0 // 1_000_000 // STEP
    codes = {away: pyotp.TOTP(secret).at((step + away) * STEP) for away in (-1, 0, 1)}
    assert step_of(secret, codes[0], T0, step - 1) == step
    assert step_of(secret, codes[0], T0, step) is None
    assert step_of(secret, codes[-1], T0, step) is None
    assert step_of(secret, codes[1], T0, step) == step + 1


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "0x1234"])
def test_what_is_no_code_is_none(given: str) -> None:
    assert step_of(RFC_SECRET, given, 59_000_000, None) is None
    assert step_of(RFC_SECRET, " 287 082 ", 59_000_000, None) == 1


def test_a_sealed_secret_opens_under_its_key_for_its_account_alone() -> None:
    secret = new_secret()
    sealed = seal(KEY, "anne", secret)
    assert unseal(KEY, "anne", sealed) == secret
    assert secret not in sealed
    assert seal(KEY, "anne", secret) != sealed
    for key, user, text in (
        (KEY + b"!", "anne", sealed),
        (KEY, "paul", sealed),
        (KEY, "anne", sealed[:-2] + "00"),
        (KEY, "anne", "x"),
    ):
        assert unseal(key, user, text) is None


def test_the_picture_is_that_of_the_address() -> None:
    shown = list(enrolment("anne", RFC_SECRET))
    assert shown[0] == "secret : GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert shown[1].startswith("otpauth://totp/SAS%20t%C3%A9l%C3%A9phonie:anne?secret=GEZDGNBV")
    assert shown[2:] == list(picture(shown[1]))
    assert len({len(line) for line in shown[2:]}) == 1
    assert set("".join(shown[2:])) <= set("█▀▄ ")
