"""The conditions: what the service stands on, one by one, and the French line that says what is wrong with it.

Each is looked at from the event loop and must answer at once, so whatever may block (a disk that is a network folder) or speaks
from a thread of its own (the raw journal) leaves its word here and is looked at afterwards.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.ami.agi import AgiCounters
from cti.ami.connection import AmiLink, LinkState
from cti.ami.sip_probe import SipProbe
from cti.journey import Instant
from cti.journey.refusals import refusal
from cti.live.alarms import Gravite
from cti.pipeline import Pipeline
from cti.recording.disk import Room, judge, read_space
from cti.recording.policy import RecordingSettings

DISK_SECONDS: Final = 30.0
_SECOND: Final = 1_000_000
#: A counter that grew is an alarm until it has been still for so long (microseconds).
STILL_US: Final = 300 * _SECOND
#: A frame read so long after the PBX made it is late (microseconds).
LATE_US: Final = 5 * _SECOND
#: Links come and go by themselves in a second or two; what lasts longer is told.
PATIENCE_SECONDS: Final = 6.0
#: So many OPTIONS in a row without any answer: the PBX hears SIP no more. One or two are lost on a busy machine.
DEAF_AFTER: Final = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong now."""

    text: str
    gravite: Gravite = Gravite.CRITIQUE


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing to look at: ``look`` is given the present and says what is wrong, or None."""

    code: str
    look: Callable[[Instant], Trouble | None]
    patience_seconds: float = 0.0  #: it is told when it has lasted so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the service stands on."""

    pipeline: Pipeline
    agi: Callable[[], AgiCounters]
    events: AmiLink
    actions: AmiLink
    journal: "JournalWord"
    disk: "DiskWatch"
    sip: SipProbe
    #: of the latest frame: when it was read, and how long after the PBX made it (microseconds); None before the first
    lag: Callable[[], tuple[Instant, int] | None] = lambda: None


def conditions(ground: Ground) -> tuple[Condition, ...]:
    """All of it."""
    return (
        store_condition(ground.pipeline),
        agi_condition(ground.agi),
        *link_conditions("ami_events", "événements", ground.events),
        *link_conditions("ami_actions", "actions", ground.actions, "transferts impossibles depuis l'API"),
        ground.disk.condition(),
        ground.journal.condition(),
        promises_condition(ground.pipeline),
        lag_condition(ground.lag),
        deaf_condition(ground.sip, ground.events),
    )


def store_condition(pipeline: Pipeline) -> Condition:
    """The database takes what it is offered."""

    def look(_at: Instant) -> Trouble | None:
        if pipeline.store_ok:
            return None
        return Trouble(f"Base de données indisponible : {pipeline.waiting} événements attendent en mémoire")

    return Condition("store", look)


def promises_condition(pipeline: Pipeline) -> Condition:
    """What follows from a call is done in time."""
    late = Growth(lambda: pipeline.counters.late_promises)

    def look(at: Instant) -> Trouble | None:
        n = late(at)
        text = f"Suites d'appel en retard : {n} (dossier, contrôle d'enregistrement)"
        return Trouble(text, Gravite.AVERTISSEMENT) if n else None

    return Condition("late_promises", look)


def lag_condition(lag: Callable[[], tuple[Instant, int] | None]) -> Condition:
    """What the PBX tells is told in time: a board that is late is wrong."""

    def look(at: Instant) -> Trouble | None:
        found = lag()
        if found is None or found[1] < LATE_US or at - found[0] > STILL_US:
            return None
        seconds = found[1] // _SECOND
        return Trouble(f"Événements du PBX reçus avec {seconds} s de retard (PBX ou service surchargé, ou horloges différentes)")

    return Condition("events_late", look)


def deaf_condition(probe: SipProbe, link: AmiLink) -> Condition:
    """The PBX that answers us on AMI hears phones and trunks as well."""

    def look(at: Instant) -> Trouble | None:
        since = probe.silent_since
        if since is None or probe.unanswered < DEAF_AFTER or link.state is not LinkState.UP:
            return None  # a PBX that is away altogether has its own alarm
        seconds = max(0, at - since) // _SECOND
        return Trouble(f"Le PBX n'entend plus le SIP depuis {seconds} s : aucun appel n'entre ; le redémarrer")

    return Condition("sip_deaf", look)


def agi_condition(counters: Callable[[], AgiCounters]) -> Condition:
    """Callers are routed by us, not by the PBX alone."""

    def unanswered() -> int:
        seen = counters()
        return seen.refused + seen.timed_out + seen.failed

    lost = Growth(unanswered)

    def look(at: Instant) -> Trouble | None:
        n = lost(at)
        return Trouble(f"Routage sans réponse : {n} demande(s) du PBX, passées par la file de secours") if n else None

    return Condition("agi", look)


def link_conditions(which: str, name: str, link: AmiLink, loss: str = "") -> tuple[Condition, ...]:
    """One login on the PBX: accepted, and there when ``loss`` says what is impossible without it."""
    refused = False

    def look_at_login(_at: Instant) -> Trouble | None:
        nonlocal refused
        if link.state is LinkState.REFUSED:
            refused = True
        elif link.state in (LinkState.UP, LinkState.BACKING_OFF):
            refused = False  # any other state is a new try: refused until we know better
        return Trouble(f"Identifiant refusé par le PBX : « {link.settings.username} » (liaison {name})") if refused else None

    def look_at_link(_at: Instant) -> Trouble | None:
        if refused or link.state is LinkState.UP:
            return None
        return Trouble(f"Liaison PBX d'{name} coupée : {loss}", Gravite.AVERTISSEMENT)

    login = Condition(f"{which}_refused", look_at_login)
    return (login, Condition(f"{which}_down", look_at_link, PATIENCE_SECONDS)) if loss else (login,)


class JournalWord:
    """What the raw journal last said of itself; it speaks from its own thread, and setting one name is all that happens there."""

    def __init__(self) -> None:
        self._why: str | None = None

    def say(self, why: str | None) -> None:
        """Why it cannot be written; None when it can again."""
        self._why = why

    def condition(self) -> Condition:
        """The raw journal of frames is written."""

        def look(_at: Instant) -> Trouble | None:
            why = self._why
            return None if why is None else Trouble(f"Journal brut du PBX non écrit : {why.partition(' : ')[2] or why}")

        return Condition("raw_journal", look)


class DiskWatch:
    """Reads the recordings' disk every ``DISK_SECONDS`` in a thread of its own: a dead network folder blocks whoever asks it."""

    def __init__(self, root: Path, settings: RecordingSettings, clock: Callable[[], Instant]) -> None:
        self._root = root
        self._settings = settings
        self._clock = clock
        self._read: tuple[Instant, Trouble | None] = (clock(), None)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recordings-disk", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more; does not wait for a folder that does not answer."""
        self._stopping.set()

    def read(self) -> None:
        """Look at the disk once; blocking."""
        try:
            space = read_space(self._root)
        except OSError as trouble:
            self._read = (self._clock(), Trouble(f"Dossier des enregistrements hors d'atteinte : {refusal(trouble)}"))
            return
        left = f"{space.free / 1e9:.1f} Go libres".replace(".", ",")
        told = {
            Room.AMPLE: None,
            Room.LOW: Trouble(f"Disque des enregistrements bientôt plein : {left}", Gravite.AVERTISSEMENT),
            Room.CRITICAL: Trouble(f"Disque des enregistrements plein : {left}"),
        }
        self._read = (self._clock(), told[judge(space, self._settings)])

    def condition(self) -> Condition:
        """There is room for more voice."""

        def look(_at: Instant) -> Trouble | None:
            read_at, trouble = self._read
            if self._clock() - read_at > 2 * DISK_SECONDS * _SECOND:
                return Trouble("Dossier des enregistrements hors d'atteinte : ne répond pas")
            return trouble

        return Condition("recordings_disk", look)

    def _run(self) -> None:
        while True:
            self.read()
            if self._stopping.wait(DISK_SECONDS):
                return


class Growth:
    """How much a counter has grown since it began to, until it has been still for ``STILL_US``."""

    def __init__(self, read: Callable[[], int]) -> None:
        self._counter = read
        self._last = self._base = read()
        self._grew_at: Instant | None = None

    def __call__(self, at: Instant) -> int:
        """What it gained; 0 when it is still."""
        count = self._counter()
        if count != self._last:
            self._last, self._grew_at = count, at
        if self._grew_at is None or not 0 <= at - self._grew_at < STILL_US:  # the clock may have been set back
            self._base, self._grew_at = count, None
        return count - self._base
