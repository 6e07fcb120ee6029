"""People sign in: the try is counted, looked at slowly in a thread, written down, and only then answered.

Order of one try. It is counted first, so that many at once are worth no more than one after the other; then the password is
compared, which costs the same for an account that does not exist; then the code; then, alone on the accounts, everything is
looked at again (a disabled account, a changed password, a code that somebody else just used) and the session is written with
its entry in the log. The words of a refusal say nothing of what was wrong: the log does.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Final, Protocol

import structlog

from cti.access import passwords
from cti.access.chain import Said, link
from cti.access.connexion import SignInSettings
from cti.api.edge.door import Known
from cti.api.session_port import Came, SignedIn, TooManyTries, TurnedAway
from cti.bootstrap.access.codes import step_of, unseal
from cti.bootstrap.access.hashing import Hashing
from cti.bootstrap.access.sessions import Sessions, came_in
from cti.journey.around.access import ENTER, AccessOutcome, Credential, Means, Trace, User
from cti.journey.words import Instant, as_datetime
from cti.store.signing import SignIn

log = structlog.get_logger(__name__)
#: Tries that wait for their turn; more are turned away unheard.
_WAITING: Final = 20
#: Of one address: whoever guesses from one keeps nobody else out.
_WAITING_OF_ONE: Final = 10
#: Names of nobody that are remembered.
_STRANGERS: Final = 1000


class Shelf(Protocol):
    """The store's side of signing in."""

    def attempt(self, name: str, work: Callable[[User, Credential], Credential]) -> tuple[User, Credential, Credential] | None:
        """Count a try before it is looked at."""

    def conclude(
        self,
        name: str,
        work: Callable[[User, Credential], SignIn | None],
        said: Callable[[SignIn | None], Callable[[Trace | None], Trace] | None],
    ) -> SignIn | None:
        """Write what came of it with its entry in the log."""

    def credential(self, name: str) -> Credential | None:
        """What this account is recognised by."""


class SignInDesk:
    """Signing in for one running service."""

    def __init__(
        self,
        settings: SignInSettings,
        key: Callable[[], bytes],
        shelf: Shelf,
        sessions: Sessions,
        clock: Callable[[], Instant],
        append: Callable[[Callable[[Trace | None], Trace]], Trace],
    ) -> None:
        """Wire it.

        Args:
            settings: ``[connexion]``.
            key: under which codes' secrets are sealed.
            shelf: the store.
            sessions: of the same store.
            clock: now.
            append: adds an entry to the log.
        """
        self.sessions = sessions
        self._settings = settings
        self._key = key
        self._shelf = shelf
        self._clock = clock
        self._append = append
        self._hashing = Hashing(settings)
        self._turn = asyncio.Semaphore(settings.at_once)
        self._waiting: Counter[str] = Counter()
        self._strangers = Strangers(settings)

    # --- what the API asks ------------------------------------------------------------------------------------------------

    async def sign_in(self, name: str, password: str, code: str, client: str) -> Came:
        """One try.

        Raises:
            TooManyTries: too many wait already.
            StoreUnavailable: the accounts cannot be read or written now.
        """
        if self._waiting.total() >= _WAITING or self._waiting[client] >= _WAITING_OF_ONE:
            raise TooManyTries
        self._waiting[client] += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._try, name, password, code, client)
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client]

    async def known(self, cookie: str, client: str) -> tuple[Known | None, str]:
        """Who shows this cookie; or nobody, and why."""
        return await asyncio.to_thread(self.sessions.known, cookie, client)

    async def sign_out(self, known: Known, client: str) -> None:
        """She leaves."""
        await asyncio.to_thread(self.sessions.ended, known, client)

    async def has_code(self, known: Known) -> bool:
        """Whether one-time codes are asked of her."""
        found = await asyncio.to_thread(self._shelf.credential, known.who)
        return found is not None and bool(found.totp)

    # --- one try, in a thread ---------------------------------------------------------------------------------------------

    def _try(self, name: str, password: str, code: str, client: str) -> Came:
        at = self._clock()
        found = self._shelf.attempt(name, lambda _, known: self._counted(known, at))
        if found is None:
            return self._stranger(name, password, client, at)
        user, before, counted = found
        if wait := passwords.waiting(before, at):
            return self._refused(client, at, f"compte {name} : en attente après {before.failures} échecs", wait=wait)
        right = self._hashing.matches(before.hash, password)
        if user.disabled_at is not None:
            return self._refused(client, at, f"compte {name} : désactivé")
        if not right:
            return self._wrong(client, at, counted, "mot de passe faux")
        secret = unseal(self._key(), name, before.totp) if before.totp else None
        if before.totp and secret is None:
            return self._refused(client, at, f"compte {name} : le secret de ses codes est scellé sous une autre clé")
        if not before.totp and self._settings.needs_code(client):
            return self._only_password(name, before, client, at, remote=True)
        if before.totp and not code.strip():
            return self._only_password(name, before, client, at, remote=False)
        step = step_of(secret, code, at, before.totp_step) if secret is not None else None
        if before.totp and step is None:
            return self._wrong(client, at, counted, "mot de passe juste, code faux ou déjà utilisé")
        return self._in(name, before, password, step, client, at)

    def _counted(self, known: Credential, at: Instant) -> Credential:
        return known if passwords.waiting(known, at) else passwords.tried(known, self._settings, at)

    def _in(self, name: str, before: Credential, password: str, step: int | None, client: str, at: Instant) -> Came:
        rehashed = self._hashing.made(password) if self._hashing.old(before.hash) else before.hash
        cookie, session = self.sessions.made(name, client, Means.PASSWORD if step is None else Means.CODE, at)
        came: list[User] = []

        def work(user: User, now: Credential) -> SignIn | None:
            same = (now.hash, now.totp) == (before.hash, before.totp)
            fresh = step is None or now.totp_step is None or step > now.totp_step
            if user.disabled_at is not None or not same or not fresh:
                return None
            came.append(user)
            kept = replace(passwords.succeeded(now), hash=rehashed, totp_step=step if step is not None else now.totp_step)
            return SignIn(credential=kept, session=session)

        def said(done: SignIn | None) -> Callable[[Trace | None], Trace]:
            entry = came_in(session, came[0]) if done is not None else _turned(client, at, f"compte {name} : changé entre-temps")
            return lambda last: link(last, entry)

        if self._shelf.conclude(name, work, said) is None:
            return TurnedAway()
        log.info("signed_in", who=name, session=session.session_id, client=client, rehashed=rehashed != before.hash)
        return SignedIn(cookie=cookie, known=self.sessions.as_known(session, came[0], cookie))

    def _only_password(self, name: str, before: Credential, client: str, at: Instant, *, remote: bool) -> Came:
        """The password was right and a code is missing: this is no failure, and takes none back."""
        why = "hors site sans code à usage unique" if remote else "mot de passe juste, code attendu"
        entry = _turned(client, at, f"compte {name} : {why}")
        self._shelf.conclude(
            name,
            lambda _, now: SignIn(credential=passwords.not_counted(now, before)),
            lambda _: lambda last: link(last, entry),
        )
        return TurnedAway(code_asked=not remote, remote=remote)

    def _stranger(self, name: str, password: str, client: str, at: Instant) -> Came:
        """Nobody has this name, or nobody signs in by it: the same time, the same words, the same waiting."""
        before = self._strangers.before(name)
        if wait := passwords.waiting(before, at):
            return self._refused(client, at, "compte inconnu ou sans mot de passe : en attente", wait=wait)
        self._strangers.tried(name, at)
        self._hashing.pretend(password)
        return self._refused(client, at, "compte inconnu ou sans mot de passe")

    def _wrong(self, client: str, at: Instant, counted: Credential, why: str) -> Came:
        told = f"compte {counted.user} : {why} ({counted.failures}e échec de suite)"
        if counted.locked_until is not None:
            told += f", en attente jusqu'au {as_datetime(counted.locked_until):%d/%m/%Y à %H:%M:%S} UTC"
        return self._refused(client, at, told)

    def _refused(self, client: str, at: Instant, why: str, *, wait: int = 0) -> TurnedAway:
        log.warning("sign_in_refused", client=client, why=why)
        entry = _turned(client, at, why)
        self._append(lambda last: link(last, entry))
        return TurnedAway(wait_seconds=wait)


class Strangers:
    """Tries on names that are nobody's, in memory: they wait as accounts do, so that waiting tells nobody which names exist."""

    def __init__(self, settings: SignInSettings) -> None:
        self._settings = settings
        self._seen: OrderedDict[str, Credential] = OrderedDict()
        self._alone = Lock()

    def before(self, name: str) -> Credential:
        """What was tried so far."""
        with self._alone:
            return self._seen.get(name, Credential(user=name))

    def tried(self, name: str, at: Instant) -> None:
        """Once more."""
        with self._alone:
            known = self._seen.pop(name, Credential(user=name))
            self._seen[name] = passwords.tried(known, self._settings, at)
            while len(self._seen) > _STRANGERS:
                self._seen.popitem(last=False)


def _turned(client: str, at: Instant, why: str) -> Said:
    return Said(at=at, who="inconnu", role="", verb=ENTER, outcome=AccessOutcome.REFUSED, client=client, detail=why)
