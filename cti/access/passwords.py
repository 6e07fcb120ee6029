"""What a password of an account must be, and how long an account waits after wrong ones. Pure: the slow digest is bootstrap's.

Sources. CNIL, délibération n° 2022-100 du 21 juillet 2022: a password alone needs 80 bits of entropy, one whose account is
closed for a time after failures (10 at most) needs 50; how easily it is guessed may be judged in place of its kinds of signs;
digests slow and salted; no change on a fixed date. ANSSI, « Recommandations relatives à l'authentification multifacteur et aux
mots de passe » (2.0, 2021): 12 signs and more for what matters, words that are easily guessed refused, no expiry by default,
digests that need memory (argon2id). So: 12 signs or more, no rule on which kinds of sign (a sentence does), nothing obvious,
accounts that wait.
"""

import re
import unicodedata
from dataclasses import replace
from typing import Final

from cti.access.connexion import SignInSettings
from cti.journey.around.access import Credential, UserName
from cti.journey.words import Instant

LEAST: Final = 12
MOST: Final = 256
#: Signs that must differ: ``aaaaaaaaaaab`` has twelve signs and nothing to guess.
_DIFFERENT: Final = 5
#: What is left of a password without its obvious words must be at least so long.
_OWN: Final = 6
_MINUTE_US: Final = 60_000_000
#: Words that a guesser tries first, in the letters that ``_plain`` leaves.
_OBVIOUS: Final = (
    "motdepasse", "password", "passwort", "bonjour", "bienvenue", "azertyuiop", "azerty", "qwertyuiop", "qwerty", "qwertz",
    "administrateur", "administrator", "utilisateur", "changeme", "changezmoi", "secret", "iloveyou", "jetaime", "doudou",
    "soleil", "chocolat", "marseille", "football", "welcome", "letmein", "dragon", "princess", "monkey", "superman", "loulou",
    "urgences", "urgence", "samusas", "samu", "regulation", "regulateur", "hopital", "medecin", "ambulance", "pompier", "smur",
    "crra", "telephonie", "telephone", "supervision", "superviseur", "asterisk", "admin", "root", "test", "temporaire",
    "provisoire", "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
    "decembre", "printemps", "automne", "hiver", "ete", "lundi", "france", "paris",
)  # fmt: skip
#: Rows of keyboards and alphabets: a password that walks along one is obvious, forwards and backwards.
_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm", "01234567890123456789")
_WALK: Final = 4
_LEET: Final = str.maketrans("0134578@$!€", "oieastbasie")


def prepared(password: str) -> str:
    """The password as it is digested: the same letters in the same bytes, from whatever keyboard (NFKC, as SP 800-63B has it)."""
    return unicodedata.normalize("NFKC", password)


def fault(name: UserName, password: str) -> str:
    """What is wrong with this password for this account, in French; empty when nothing is."""
    given = prepared(password)
    if len(given) < LEAST:
        return f"trop court : au moins {LEAST} caractères (une phrase fait l'affaire)"
    if len(given) > MOST:
        return f"trop long : au plus {MOST} caractères"
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in given):
        return "il contient un caractère de contrôle"
    if name.casefold() in given.casefold() or (len(_plain(name)) > 1 and _plain(name) in _plain(given)):
        return "il contient le nom du compte"
    if len(set(given)) < _DIFFERENT:
        return f"trop peu de caractères différents : au moins {_DIFFERENT}"
    if len(_own(given)) < _OWN:
        return "trop facile à deviner : des mots, des suites ou des dates que tout le monde essaie"
    return ""


def _plain(text: str) -> str:
    """Letters without accents, in lower case, digits that stand for letters read as them; nothing else."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return re.sub(r"[^a-z]", "", bare.translate(_LEET))


def _own(given: str) -> str:
    """What remains once obvious words, walks on the keyboard and repetitions are taken out, whichever way it is read."""
    as_is = _without_walks(given.casefold())
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", as_is) if not unicodedata.combining(sign))
    readings = (re.sub(r"[\W\d_]", "", bare), re.sub(r"[\W\d_]", "", bare.translate(_LEET)))
    left = min((_without_words(one) for one in readings), key=len)
    digits = re.sub(r"\D|(19|20)\d\d", "", as_is)
    # Digits count for what they are only beside something of one's own: a date behind a month stays obvious.
    return left + (digits if len(left) >= 2 else "")


def _without_words(letters: str) -> str:
    for word in sorted(_OBVIOUS, key=len, reverse=True):
        letters = letters.replace(word, "")
    return re.sub(r"(.+?)\1+", r"\1", letters)


def _without_walks(text: str) -> str:
    kept, at = [], 0
    while at < len(text):
        length = max((_walk(text, at, row) for way in _ROWS for row in (way, way[::-1])), default=0)
        if length >= _WALK:
            at += length
        else:
            kept.append(text[at])
            at += 1
    return "".join(kept)


def _walk(text: str, at: int, row: str) -> int:
    """How many signs from here follow each other on this row."""
    length = 0
    while at + length < len(text) and text[at : at + length + 1] in row:
        length += 1
    return length


def waiting(credential: Credential, at: Instant) -> int:
    """Seconds before a password of this account is looked at again; 0: now."""
    left = 0 if credential.locked_until is None else credential.locked_until - at
    return 0 if left <= 0 else -(-left // 1_000_000)


def tried(credential: Credential, settings: SignInSettings, at: Instant) -> Credential:
    """One more try, counted before it is looked at, so that many at once are not more than one after the other.

    From the last allowed failure on each one makes the account wait, twice as long as the one before, up to the site's limit.
    """
    forgotten = credential.failed_at is None or at - credential.failed_at > settings.forget_minutes * _MINUTE_US
    failures = 1 if forgotten else credential.failures + 1
    beyond = failures - settings.failures
    seconds = min(settings.wait_seconds << min(max(beyond, 0), 20), settings.wait_most_minutes * 60)
    locked = None if beyond < 0 else at + seconds * 1_000_000
    return replace(credential, failures=failures, failed_at=at, locked_until=locked)


def not_counted(now: Credential, before: Credential) -> Credential:
    """The password was right and a code is missing: this try is no failure, and those before it stay."""
    if now.failures <= before.failures or now.failures > before.failures + 1:
        return now  # others tried meanwhile: their failures are theirs
    return replace(now, failures=before.failures, failed_at=before.failed_at, locked_until=before.locked_until)


def succeeded(credential: Credential) -> Credential:
    """Nothing is counted any more."""
    return replace(credential, failures=0, failed_at=None, locked_until=None)
