"""What the API asks about listening: recordings and what may be done with them, tickets, and the sound behind a ticket."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from cti.access import About, Asker, Granted
from cti.access.table import ListeningSettings
from cti.api.edge.door import Known
from cti.api.listening_port import Heard, Seen
from cti.bootstrap.access.desk import AccessDesk
from cti.bootstrap.listening.finding import Finding, Live
from cti.bootstrap.listening.memory import OpenedVoices
from cti.bootstrap.listening.sources import Sounds
from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.journey import CallId, Instant
from cti.journey.around.access import AccessRole, Relation, Tie, Verb
from cti.journey.around.listening import Wanted
from cti.listening.faults import NoSound, OutOfReach, SoundDamaged, TicketOver
from cti.listening.pieces import Found
from cti.listening.sound import Sound
from cti.listening.telling import detail, row
from cti.listening.tickets import Ticket, Tickets

if TYPE_CHECKING:
    from cti.listening.peaks import Track

log = structlog.get_logger(__name__)
T = TypeVar("T")

_MINUTE: Final = 60_000_000
_HOUR: Final = 60 * _MINUTE
#: Calls looked at in one go, and how many goes a search may take before it hands out a cursor instead.
_PAGE: Final = 100
_ROUNDS: Final = 10
#: How far back *her* recordings are looked for where the table sets no limit.
_LONGEST_HOURS: Final = 31 * 24
_SWEEP_SECONDS: Final = 5.0
_SHOWN: Final = (Verb.ECOUTER, Verb.EXPORTER, Verb.CONSERVER)
_HERS: Final = frozenset({Relation.SES_APPELS, Relation.DOSSIER})


class ListeningDesk:
    """For one running service. Its state lives in the loop's thread; whatever reads or opens runs in others."""

    def __init__(
        self,
        rules: ListeningSettings,
        access: AccessDesk,
        finding: Finding,
        sounds: Sounds,
        opened: OpenedVoices,
        live: Live,
        nom: Callable[[str, Instant], str],
        hours: Callable[[Iterable[AccessRole]], int | None],
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """Wire it.

        Args:
            rules: ``[ecoutes]`` of acces.toml.
            access: decides, and writes traces.
            finding: reads recordings and ties.
            sounds: opens recordings.
            opened: what of the archive is held open.
            live: the calls under way.
            nom: how people call whoever sat at a post then.
            hours: for how long after her part these roles see their own calls; None without end.
            clock: now.
            pause: between two looks at what is over.
        """
        self._rules = rules
        self.access = access
        self._finding = finding
        self._sounds = sounds
        self._opened = opened
        self._live = live
        self._nom = nom
        self._hours = hours
        self._clock = clock
        self._pause = pause
        self._tickets = Tickets(rules.open_most)
        self._tracks: dict[str, Track] = {}
        self._damaged: dict[str, str] = {}

    # --- what there is ----------------------------------------------------------------------------------------------------

    async def find(self, piece_id: str) -> Found | None:
        """One recording; None when nobody knows it."""
        return await asyncio.to_thread(self._finding.piece, piece_id, self._live.live())

    async def of_call(self, call_id: CallId) -> Sequence[Found]:
        """The recordings of one call."""
        held = self._live.journey(call_id)
        return await asyncio.to_thread(self._finding.of_call, call_id, (held,) if held is not None else ())

    async def of_dossier(self, dossier: str) -> Sequence[Found]:
        """The recordings of one dossier."""
        return await asyncio.to_thread(self._finding.of_dossier, dossier, self._live.live())

    async def search(
        self, wanted: Wanted, agent: str, before: tuple[Instant, CallId] | None, limit: int
    ) -> tuple[Sequence[Found], tuple[Instant, CallId] | None]:
        """A page of recordings, and the place from which the next one goes on."""
        return await asyncio.to_thread(self._search, wanted, agent, before, limit)

    async def posts(self, agent: str) -> tuple[str, ...]:
        """The posts of a person, or the post of that name."""
        return await asyncio.to_thread(self._finding.posts, agent, self._clock())

    async def mine(self, known: Known) -> Sequence[Seen]:
        """What she may see because she talked in it, or holds or held its patient; calls under way included."""
        if not known.personne:
            return ()
        at = self._clock()
        hours = self._hours(known.roles)
        since = at - min(_LONGEST_HOURS if hours is None else hours, _LONGEST_HOURS) * _HOUR
        found = await asyncio.to_thread(self._finding.served, known.personne, since, at, self._live.live())
        return [one for one in await self.seen(known, found, _HERS) if one.may == "oui"]

    async def seen(self, known: Known, found: Sequence[Found], only: frozenset[Relation] = frozenset(Relation)) -> Sequence[Seen]:
        """The recordings as this person sees them; by these relations alone whether she does."""
        return await asyncio.to_thread(lambda: [self._seen(known, one, only) for one in found])

    async def ties(self, known: Known, found: Found) -> tuple[Tie, ...]:
        """What ties this person to this recording."""
        return await asyncio.to_thread(self._finding.ties, known, found)

    async def detail(self, found: Found) -> dict[str, Any]:
        """What its own page adds to its row."""
        return await asyncio.to_thread(lambda: detail(found, self._nom, self._finding.holds(found)))

    # --- tickets ----------------------------------------------------------------------------------------------------------

    async def open(self, known: Known, granted: Granted, found: Found) -> tuple[Ticket, Heard]:
        """A ticket for what was granted and written down, and the sound, opened.

        Raises:
            NoSound, SoundDamaged, OutOfReach: there is nothing to listen to, or not now.
        """
        heard = await self._hear(found)
        at = self._clock()
        ends = (granted.until, at + self._rules.minutes_most * _MINUTE)
        ticket = Ticket(
            ecoute_id=secrets.token_urlsafe(18),
            secret=secrets.token_urlsafe(32),
            who=known.who,
            role=granted.role,
            token_id=known.token_id,
            piece_id=found.piece.piece_id,
            call_id=found.piece.call_id,
            opened_at=at,
            expires_at=min(end for end in ends if end is not None),
        )
        self._tickets.open(ticket)
        return ticket, heard

    async def holder(self, ecoute_id: str, secret: str, client: str) -> Known | None:
        """Whose cookie this is; None, with an entry in the log, when it opens nothing that is open."""
        ticket = self._tickets.find(ecoute_id)
        if ticket is None:
            return None
        if not ticket.opens(secret):
            await self.access.turned_away(client, f"écoute de {ticket.who} : secret faux")
            return None
        known = await asyncio.to_thread(self.access.standing, ticket.token_id)
        return known if known is not None else Known(who=ticket.who, token_id=ticket.token_id)

    async def ticket(self, ecoute_id: str, known: Known, client: str) -> Ticket | None:
        """An open ticket of hers; None when there is none of this name.

        Raises:
            TicketOver: it is over, or it is somebody else's; written down.
            StoreUnavailable: that cannot be known, or not be written down, now.
        """
        ticket = self._tickets.find(ecoute_id)
        if ticket is None:
            return None
        why = await self._refusal(ticket, known)
        if why is None:
            return ticket
        asker = Asker(who=known.who, roles=known.roles, client=client)
        about = About(call_id=ticket.call_id, piece_id=ticket.piece_id)
        await asyncio.to_thread(self.access.rights.ended, asker, Verb.ECOUTER, about, str(why))
        if ticket.who == known.who:
            self.close(ticket)
        raise why

    def close(self, ticket: Ticket) -> None:
        """The listening is over; sound that nobody else listens to is forgotten."""
        self._tickets.close(ticket.ecoute_id)
        self._forget()

    async def _refusal(self, ticket: Ticket, known: Known) -> TicketOver | None:
        if ticket.who != known.who:
            return TicketOver("Cette écoute a été ouverte par une autre personne.", late=False)
        if ticket.expires_at <= self._clock():
            return TicketOver("Cette écoute est terminée ; elle peut être demandée à nouveau.", late=True)
        standing = await asyncio.to_thread(self.access.standing, ticket.token_id)
        if standing is None:
            return TicketOver("Le compte ou le jeton qui a ouvert cette écoute est fermé.", late=False)
        if ticket.role not in standing.roles:
            return TicketOver("Le compte n'a plus le rôle qui donnait le droit d'écouter.", late=False)
        return None

    # --- sound ------------------------------------------------------------------------------------------------------------

    async def hear(self, ticket: Ticket) -> Heard:
        """The sound behind a ticket, as it stands now.

        Raises:
            NoSound, SoundDamaged, OutOfReach: it cannot be had any more, or not now.
        """
        found = await self.find(ticket.piece_id)
        if found is None:
            raise NoSound("Cet enregistrement n'est plus connu.", gone=True)
        return await self._hear(found)

    async def peaks(self, ticket: Ticket, buckets: int, until_ms: int | None) -> dict[str, Any]:
        """Its waveform.

        Raises:
            NoSound, SoundDamaged, OutOfReach: it cannot be had any more, or not now.
        """
        heard = await self.hear(ticket)
        work = asyncio.to_thread(self._waveform, ticket.piece_id, heard, buckets, heard.upto(until_ms))
        return await self._reaching(ticket.piece_id, ticket.call_id, work)

    async def _hear(self, found: Found) -> Heard:
        sound: Sound = await self._reaching(
            found.piece.piece_id, found.piece.call_id, asyncio.to_thread(self._sounds.open, found)
        )
        self._damaged.pop(found.piece.piece_id, None)
        return Heard(sound=sound, running=found.running and sound.flac is None, piece_id=found.piece.piece_id)

    async def _reaching(self, piece_id: str, call_id: CallId, work: Awaitable[T]) -> T:
        try:
            return await work
        except SoundDamaged as trouble:
            log.error("voice_damaged", piece_id=piece_id, call_id=call_id, why=str(trouble))  # noqa: TRY400
            self._damaged[piece_id] = str(trouble)
            raise
        except OSError as trouble:
            log.error("voice_out_of_reach", piece_id=piece_id, call_id=call_id, error=str(trouble))  # noqa: TRY400
            raise OutOfReach("L'enregistrement est hors d'atteinte pour le moment ; réessayez dans quelques instants.") from None

    # --- what goes on by itself -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Close what is over and forget what nobody listens to, for as long as the service runs."""
        while True:
            await self._pause(_SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        """Close what is over, forget what nobody listens to."""
        self._tickets.sweep(self._clock())
        self._forget()

    def conditions(self) -> tuple[Condition, ...]:
        """What the board says."""
        return (Condition("voice_damaged", lambda _at: self._trouble()),)

    def _trouble(self) -> Trouble | None:
        found = tuple(self._damaged.values())
        return Trouble(f"Écoute : {len(found)} enregistrement(s) altéré(s) dans l'archive : {found[0]}") if found else None

    def _forget(self) -> None:
        wanted = self._tickets.pieces()
        self._opened.forget(wanted)
        for piece_id in [one for one in self._tracks if one not in wanted]:
            del self._tracks[piece_id]

    # --- in a thread ------------------------------------------------------------------------------------------------------

    def _seen(self, known: Known, one: Found, only: frozenset[Relation]) -> Seen:
        ties = self._finding.ties(known, one)
        may = self.access.may(known, Verb.VOIR, [tie for tie in ties if tie.relation in only])
        told = row(one, self._nom) | {"peut": {verb.value: self.access.may(known, verb, ties) for verb in _SHOWN}}
        return Seen(found=one, ties=ties, may=may, row=told)

    def _waveform(self, piece_id: str, heard: Heard, buckets: int, frames: int) -> dict[str, Any]:
        from cti.listening.peaks import Track  # noqa: PLC0415 - numpy, only where somebody looks at a waveform

        track = self._tracks.setdefault(piece_id, Track(heard.sound.rate))
        return track.told(frames, heard.sound.read, buckets, heard.sound.solid)

    def _search(
        self, wanted: Wanted, agent: str, before: tuple[Instant, CallId] | None, limit: int
    ) -> tuple[list[Found], tuple[Instant, CallId] | None]:
        found: list[Found] = []
        place = before
        for _ in range(_ROUNDS):
            calls = self._finding.search(wanted, agent, place, _PAGE)
            for here, told in calls:
                if found and len(found) + len(told) > limit:
                    return found, place
                found += told
                place = here
            if len(calls) < _PAGE:
                return found, None
        return found, place
