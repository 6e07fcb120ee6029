"""What a password must be, and how long an account waits after wrong ones."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.access import passwords
from cti.access.connexion import SignInSettings
from cti.journey.around.access import Credential

T0, S = 1_797_408_000_000_000, 1_000_000
RULES = SignInSettings(failures=3, wait_seconds=10, wait_most_minutes=1, forget_minutes=30)
NEW = Credential(user="anne", hash="x")


@pytest.mark.parametrize(
    "password", ["le chat dort sur le toit", "vélo-bleu-garage", "x7!kQ9#mP2vL", "9k2j8f7d6s5a", "correct horse battery staple",
                 "Ω" * 3 + "λόγος τέχνη", "a b c d e f g h i j k q w"],
)  # fmt: skip
def test_a_sentence_or_chance_is_a_password(password: str) -> None:
    assert passwords.fault("anne.petit", password) == ""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("onze signes", "trop court"),
        ("é" * 5 + "x7k", "trop court"),
        ("x7!kQ9#mP2vL" * 22, "trop long"),
        ("x7!kQ9#mP2vL\x00", "contrôle"),
        ("soleil anne.petit vélo", "nom du compte"),
        ("Anne Petit au vélo", "nom du compte"),
        ("@nn3-p3t1t-vélo-bleu", "nom du compte"),
        ("abababababab", "différents"),
        ("MotDePasse2026!", "deviner"),
        ("P@ssw0rd1234", "deviner"),
        ("azertyuiop12", "deviner"),
        ("Poiuytreza99", "deviner"),
        ("123456789012", "deviner"),
        ("Samu35-Samu35!", "deviner"),
        ("Juillet2026!!", "deviner"),
        ("Été-2026-été!", "deviner"),
    ],
)
def test_what_is_short_or_obvious_is_none(password: str, why: str) -> None:
    assert why in passwords.fault("anne.petit", password)


def test_two_ways_of_typing_the_same_letters_are_one_password() -> None:
    assert passwords.prepared("vélo") == passwords.prepared("ve\u0301lo")


@given(st.text(max_size=300), st.from_regex(r"[a-z][a-z0-9._-]{1,20}", fullmatch=True))
def test_no_text_makes_the_rules_fail_and_length_is_held(password: str, name: str) -> None:
    told = passwords.fault(name, password)
    length = len(passwords.prepared(password))
    assert told or 12 <= length <= 256


# --- waiting ------------------------------------------------------------------------------------------------------------


def failed(credential: Credential, times: int, at: int) -> Credential:
    for _ in range(times):
        credential = passwords.tried(credential, RULES, at)
    return credential


def test_the_third_failure_makes_it_wait_and_each_one_more_twice_as_long() -> None:
    assert passwords.waiting(failed(NEW, 2, T0), T0) == 0
    assert [passwords.waiting(failed(NEW, times, T0), T0) for times in (3, 4, 5, 6, 7, 60)] == [10, 20, 40, 60, 60, 60]


def test_waiting_ends_by_itself_and_part_of_a_second_is_waited_for() -> None:
    locked = failed(NEW, 3, T0)
    assert passwords.waiting(locked, T0 + 9 * S + 1) == 1
    assert passwords.waiting(locked, T0 + 10 * S) == 0


def test_old_failures_are_forgotten() -> None:
    old = failed(NEW, 2, T0)
    assert passwords.tried(old, RULES, T0 + 31 * 60 * S).failures == 1
    assert passwords.tried(old, RULES, T0 + 29 * 60 * S).failures == 3


def test_success_forgets_everything_and_keeps_what_recognises() -> None:
    assert passwords.succeeded(failed(NEW, 5, T0)) == NEW


def test_a_right_password_without_its_code_takes_no_failure_back_and_adds_none() -> None:
    before = failed(NEW, 2, T0)
    now = passwords.tried(before, RULES, T0 + S)
    assert passwords.not_counted(now, before) == before
    others = passwords.tried(now, RULES, T0 + 2 * S)
    assert passwords.not_counted(others, before) == others, "what others did meanwhile stays"
    assert passwords.not_counted(replace(before, totp="y"), before) == replace(before, totp="y")
