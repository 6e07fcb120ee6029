"""A centre with a real store, real keys, a real archive and real sound; calls are told to it as the pipeline writes them."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomli_w

from cti.api.ports import Ports
from cti.archive.worker import Archiver, pieces_of
from cti.bootstrap.access import accounts
from cti.bootstrap.access.opening import open_signing
from cti.bootstrap.keeping.opening import archiver_of
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.bootstrap.listening.desk import ListeningDesk
from cti.bootstrap.listening.draws import DrawDesk
from cti.bootstrap.listening.opening import open_listening
from cti.journey import Journey
from cti.journey.around.access import Trace
from cti.journey.around.voice import Piece
from cti.journey.ledger import Batch
from cti.journey.model import Leg, Recording, Stage
from cti.settings import Settings, load
from cti.store import Store, open_store
from tests.fakes.room import Clock, Doubles
from tests.unit.archive.voices_kept import tone, wav

CONFIG = Path(__file__).parents[2] / "config"
#: 2026-12-16T08:00:00Z
T0 = 1_797_408_000_000_000
S = 1_000_000
CALLER_HZ, AGENTS_HZ = 440, 600


class Live:
    """The calls under way."""

    def __init__(self) -> None:
        self.calls: dict[str, Journey] = {}

    def journey(self, call_id: str) -> Journey | None:
        return self.calls.get(call_id)

    def live(self) -> Sequence[Journey]:
        return tuple(self.calls.values())


def stage(
    filiere: str, agent: str, since: int, until: int | None = None, *, answered: bool = True, at: int | None = None
) -> Stage:
    """A talk from ``since`` to ``until`` (seconds from T0); ``answered`` false: the phone rings."""
    start, end = T0 + since * S, None if until is None else T0 + until * S
    picked = start if answered else None
    leg = Leg(agent=agent, leg=f"{agent}-{since}", offered_at=start, answered_at=picked, joined_at=picked, ended_at=end)
    return Stage(
        filiere=filiere, entered_at=start, legs=(leg,), answered_at=picked, joined_at=picked, left_at=end,
        agent=agent if answered else None,
    )  # fmt: skip


def call(call_id: str, *stages: Stage, ended: int | None = 3, t0: int = 0, **more: Any) -> Journey:
    """A call of these stages with one recording, which is checked when the call is over (seconds from T0)."""
    begin, over = T0 + t0 * S, None if ended is None else T0 + ended * S
    answered = next((one.answered_at for one in stages if one.answered_at is not None), None)
    recording = Recording(stem=f"2026/12/16/{call_id}", started_at=begin)
    if over is not None:
        recording = replace(recording, checked_at=over, caller_ms=3000, agents_ms=3000, bytes=96_000)
    values: dict[str, Any] = {
        "caller": "+33612345678", "flux": "15", "did": "15", "dossier_id": f"d-{call_id}", "dossier_ref": f"2026-350-{call_id}",
        "recordings": (recording,),
    }  # fmt: skip
    return Journey(
        call_id=call_id, t0=begin, channel=call_id, stages=stages, answered_at=answered, joined_at=answered, ended_at=over,
        last_at=over or begin, **(values | more),
    )  # fmt: skip


@dataclass
class VoiceRoom:
    """All of it."""

    folder: Path
    settings: Settings
    store: Store
    clock: Clock = field(default_factory=lambda: Clock(T0 + 60 * S))
    live: Live = field(default_factory=Live)
    doubles: Doubles = field(default_factory=Doubles)
    listening: ListeningDesk = field(init=False)

    def __post_init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        """As a service that has just started."""
        self.listening = open_listening(self.settings, self.store, self.live, self.recordings, self.clock)

    @property
    def recordings(self) -> Path:
        return self.folder / "voix"

    @property
    def shelf(self) -> Path:
        return self.folder / "archive"

    def ports(self) -> Ports:
        draws = DrawDesk(self.store, self.settings.access, self.clock)
        return replace(
            self.doubles.ports(),
            access=self.listening.access,
            signing=open_signing(self.settings, self.store, self.clock),
            listening=self.listening,
            draws=draws,
            clock=self.clock,
        )

    def account(self, name: str, *roles: str, personne: str | None = None) -> dict[str, str]:
        """An account with a token; the headers that show it."""
        accounts.add(self.settings, name, roles, personne, "test", self.clock())
        return self.token(name)

    def token(self, name: str) -> dict[str, str]:
        shown, _ = accounts.give_token(self.settings, name, None, "test", self.clock())
        return {"Authorization": f"Bearer {shown}"}

    def tell(self, *journeys: Journey) -> None:
        """Calls, as the pipeline writes them; one that has not ended lives too."""
        for journey in journeys:
            self.store.commit(Batch(journeys=(journey,)))
            self.live.calls.pop(journey.call_id, None)
            if journey.ended_at is None:
                self.live.calls[journey.call_id] = journey

    def record(
        self, stem: str, *, caller: bytes | None = None, agents: bytes | None = None, declared: int | None = None, ms: int = 3000
    ) -> tuple[Path, Path]:
        """Two files of sound; ``declared``: what the headers say of their length."""
        paths = []
        for suffix, pcm, hertz in (("-caller.wav", caller, CALLER_HZ), ("-agents.wav", agents, AGENTS_HZ)):
            path = self.recordings / (stem + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav(tone(ms, hertz) if pcm is None else pcm, declared=declared))
            paths.append(path)
        return paths[0], paths[1]

    def archive(self, journey: Journey) -> Piece:
        """Its first recording sealed, its plain files removed."""
        return self.archiver().take(journey, pieces_of(journey)[0])

    def archiver(self) -> Archiver:
        return archiver_of(self.settings, self.store, self.recordings)

    def traces(self, **of: str) -> list[Trace]:
        """The log, but what it says of accounts."""
        found = self.store.traces.read()
        return [one for one in found if one.verb != "administrer" and all(getattr(one, k) == v for k, v in of.items())]


def voice_room(folder: Path, *, archives: bool = True) -> VoiceRoom:
    """A new one, with the shipped table of rights and the shipped people."""
    shutil.copytree(CONFIG, folder / "config")
    (folder / "voix").mkdir()
    changed = archive_of_its_own(folder) | {"travail": {"repos_seconds": 0.0}}
    if archives:
        (folder / "config" / "archive.toml").write_text(tomli_w.dumps(changed), encoding="utf-8")
    for name, old, new in (
        ("recording", 'racine = "/var/spool/asterisk/sas"', f'racine = "{folder}/voix"'),
        ("pbx", 'recordings_dir = "/var/spool/asterisk/sas"', f'recordings_dir = "{folder}/voix"'),
        ("cti", 'var = "var"', f'var = "{folder}/var"'),
    ):
        file = folder / "config" / f"{name}.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text, (name, old)
        file.write_text(text.replace(old, new), encoding="utf-8")
    settings = load(folder / "config", {})
    return VoiceRoom(folder, settings, open_store(settings.database_url))
