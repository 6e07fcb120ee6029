"""Listening for a running service, built from its settings."""

import asyncio
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from cti.access.table import AccessSettings
from cti.bootstrap.access.opening import open_access
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.clock import now
from cti.bootstrap.listening.desk import ListeningDesk
from cti.bootstrap.listening.finding import Finding, Live
from cti.bootstrap.listening.memory import Opened, OpenedVoices
from cti.bootstrap.listening.sources import Sounds
from cti.journey import Instant
from cti.journey.around.access import AccessRole, Relation, Verb
from cti.journey.around.voice import Piece
from cti.settings import Settings
from cti.store import Store


def open_listening(
    settings: Settings, store: Store, live: Live, recordings: Path, clock: Callable[[], Instant] = now
) -> ListeningDesk:
    """The desk, with its own of accounts and rights; the archive's key and shelf are opened when they are first needed."""

    @cache
    def unsealer() -> Callable[[Piece], Opened]:
        from cti.bootstrap.listening.unsealing import Unsealer  # noqa: PLC0415 - ciphers and codecs, only where they serve

        return Unsealer(settings)

    def unseal(piece: Piece) -> Opened:
        return unsealer()(piece)

    rules, access = settings.access.listening, open_access(settings, store, clock)
    opened = OpenedVoices(unseal, rules.memory_mib, rules.idle_seconds, clock)
    sounds = Sounds(recordings, settings.recording.pbx_root, settings.archive.surveillance.montage, opened, store.pieces.find)
    tying = Tying(settings.staff, store.duty, store.reading)
    finding = Finding(store, settings.staff, access)
    return ListeningDesk(
        rules,
        access,
        finding,
        sounds,
        opened,
        live,
        tying.nom,
        lambda roles: hours_of(settings.access, roles),
        clock,
        asyncio.sleep,
    )


def hours_of(rules: AccessSettings, roles: Iterable[AccessRole]) -> int | None:
    """For how long after her part these roles see their own calls; None where one of them does without end."""
    rows = [
        row
        for role in roles
        for relation in (Relation.SES_APPELS, Relation.DOSSIER)
        if (row := rules.allows(role, Verb.VOIR, relation)) is not None
    ]
    hours = [row.hours for row in rows if row.hours is not None]
    return max(hours, default=0) if len(hours) == len(rows) else None
