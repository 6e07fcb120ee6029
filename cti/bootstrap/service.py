"""The whole service: every room built, wired, started and stopped in the right order.

Order of life: the store first (a service that cannot write says so before it takes a call), then what was promised, then AGI
(so that callers are answered at once), then the PBX, then the screens. It stops the other way round.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from cti.ami.actions import PbxActions
from cti.ami.agi import AgiAnswer, AgiLimits, AgiServer
from cti.ami.connection import AmiLink, LinkSettings, LinkTime, told_in_turn, wait_for_event
from cti.ami.sessions import JournalSettings, SessionJournal
from cti.api.app import LONGEST_LINE, build_app
from cti.api.ports import Ports
from cti.bootstrap.access.heads import HeadKeeper
from cti.bootstrap.access.opening import check_routes, open_signing
from cti.bootstrap.answering.answers import Calls, Figures, Ready, Transfers, load_of
from cti.bootstrap.answering.callbacks import CallbackDesk
from cti.bootstrap.answering.cards import cards, cards_for_board
from cti.bootstrap.answering.crisis import CrisisDesk, open_crisis
from cti.bootstrap.answering.daybook import DayBook
from cti.bootstrap.answering.opening import open_callbacks, open_calling, open_rooms
from cti.bootstrap.answering.recent import RecentCallers
from cti.bootstrap.clock import OneThread, in_a_thread, monotonic_us, now
from cti.bootstrap.desk.opening import DeskRoom, open_desks
from cti.bootstrap.exporting.desks import VoiceDesks
from cti.bootstrap.identity.opening import open_provider
from cti.bootstrap.keeping.beside import Keeping
from cti.bootstrap.listening.desk import ListeningDesk
from cti.bootstrap.listening.draws import DrawDesk
from cti.bootstrap.listening.opening import open_listening
from cti.bootstrap.posts import Posts, open_posts
from cti.bootstrap.reactions import reactions
from cti.bootstrap.retention.watch import RetentionWatch
from cti.bootstrap.telephone.address import phone_address
from cti.bootstrap.watching.alarms import AlarmWatch
from cti.bootstrap.watching.conditions import DiskWatch, JournalWord, conditions
from cti.bootstrap.watching.ground import ground_of, probe_of
from cti.bootstrap.watching.reconciling import Reconciler
from cti.bootstrap.watching.spool import SpoolImport
from cti.bootstrap.watching.watch import PbxWatch, WatchSettings
from cti.journey.words import Instant
from cti.live.board import Board
from cti.live.day import DayWatch
from cti.live.feed import Feed
from cti.pipeline import Pipeline
from cti.pipeline.ports import Listener
from cti.routing.dialplan import agi_routes
from cti.routing.plan import Decision
from cti.routing.planner import RoutePlanner
from cti.settings import Settings
from cti.store import Store, open_store

log = structlog.get_logger(__name__)

_HOUR_US = 3_600_000_000
_SECOND_US = 1_000_000


class Service:
    """One running service. ``run`` it; ``ready`` is set when it answers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ready = asyncio.Event()
        self.http_port = 0
        self.agi_port = 0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask it to end: what is folded is committed first."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until ``stop``.

        Raises:
            ConfigError: a route has no row in the table of rights.
            StoreUnavailable, SchemaMismatch: the database cannot be used.
            OSError: a port is taken.
        """
        settings = self.settings
        check_routes(settings)
        settings.cti.service.var.mkdir(parents=True, exist_ok=True)
        store_thread = OneThread("store")
        try:
            store = await store_thread(open_store, settings.database_url)
            try:
                async with asyncio.TaskGroup() as tasks:
                    await self._serve(store, store_thread, _spawner(tasks))
            finally:
                await store_thread(store.close)
        finally:
            store_thread.close()

    async def _serve(self, store: Store, store_thread: OneThread, spawn: "_Spawn") -> None:
        settings = self.settings
        recordings = Path(settings.cti.pbx.recordings or settings.pbx.recordings_dir)
        recent = await store_thread(_recent, store, settings)
        board = Board(cards_for_board(settings), clock=now, repeats=recent.repeat_of)
        desk = open_callbacks(settings, store, store_thread, board)
        book = DayBook(settings.qos, settings.cti.qos.board_profile, settings.zone, store.reading.journeys)
        alarms = AlarmWatch(board, settings.zone, clock=now, pause=asyncio.sleep)
        apart = _apart(spawn)
        posts = await open_posts(settings, store, store_thread, board, lambda: actions)
        board.holds = posts.held_since
        pipeline = _pipeline(settings, store, store_thread, apart, desk, recordings, [recent, board, book, alarms, posts.desk])
        seats = await open_desks(settings, store, store_thread, board, posts, recent, pipeline)
        keeping = Keeping(settings, store, recordings, pipeline.live, now, [RetentionWatch(settings, store, now)])
        pipeline.listen(keeping)
        listening, desks = _voice(settings, store, pipeline, recordings)
        open_calls = await pipeline.restore()
        for watcher in (board, alarms, seats.hub):
            watcher.adopt(open_calls)
        await desk.count()
        crisis = await open_crisis(settings, store.crises, board, store_thread, lambda: load_of(board))
        log.info("service_starts", open_calls=len(pipeline.live()), database=settings.database_url.partition("@")[2] or "sqlite")
        writer = spawn(pipeline.run())
        planner = RoutePlanner(settings.routing, lambda: load_of(board), now, _note_decision, recent, lambda: crisis.active)
        agi = AgiServer(settings.pbx.agi_host, settings.pbx.agi_port, agi_routes(planner, AgiAnswer), AgiLimits(), monotonic_us)
        self.agi_port = await agi.start()
        word, disk, probe = JournalWord(), DiskWatch(recordings, settings.recording, monotonic_us), probe_of(settings)
        journal = _journal(settings, word)
        reconciler = Reconciler(settings, store, pipeline.written, now, apart)
        watch = _watch(settings, pipeline, journal, apart, reconciler, posts)
        actions = AmiLink(_link(settings, "actions"), told_in_turn(posts.hooks, crisis.hooks()), _time())
        links = [spawn(watch.link.run()), spawn(actions.run())]
        watches = [
            apart(SpoolImport(Path(settings.pbx.spool_dir), watch, pipeline, asyncio.sleep).run()),
            apart(crisis.run(PbxActions(actions.ask))),
            apart(DayWatch(board, book, clock=now, pause=asyncio.sleep).run()),
            apart(alarms.run()),
            apart(probe.run()),
            *(apart(work) for work in (*posts.work(watch, actions, apart), *_quiet_work(settings, store, listening, desks))),
        ]
        for threads in (disk, keeping):
            threads.start()
        alarms.watch(conditions(ground_of(pipeline, agi, watch, actions, word, disk, probe)))
        alarms.watch((*crisis.conditions(lambda: board.callbacks_open), *keeping.conditions(), *listening.conditions()))
        voice = (keeping, listening, desks)
        parts = _Parts(settings, store, pipeline, board, desk, crisis, posts, seats, reconciler, watch, actions, *voice)
        runner = await self._open_http(_ports(parts, Ready(watch, actions, pipeline, store, lambda: self.agi_port)))
        self.ready.set()
        try:
            await self._stop.wait()
        finally:
            # The other way round: screens first, then the PBX, then what is folded, then the journal.
            await runner.cleanup()
            disk.stop()
            await _leave_pbx(watches, (watch.link, actions), links, agi)
            await posts.flush()
            pipeline.stop()
            await writer
            await asyncio.to_thread(_rest, desks.stop, keeping.stop, journal.close)
            log.info("service_stopped", uncommitted=pipeline.waiting)

    async def _open_http(self, ports: Ports) -> web.AppRunner:
        http = self.settings.cti.http
        app = build_app(
            ports,
            hosts=http.hosts,
            token=http.token or None,
            secure=http.secure,
            registry=CollectorRegistry(),
            connect=(phone_address(self.settings).origin,),
            proxies=http.mandataires,
        )
        runner = web.AppRunner(app, access_log=None, max_line_size=LONGEST_LINE)
        await runner.setup()
        site = web.TCPSite(runner, http.host, http.port)
        await site.start()
        self.http_port = runner.addresses[0][1]
        log.info("service_ready", http=self.http_port, agi=self.agi_port)
        return runner


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the screens of a running service read and ask."""

    settings: Settings
    store: Store
    pipeline: Pipeline
    board: Board
    desk: CallbackDesk
    crisis: CrisisDesk
    posts: Posts
    seats: DeskRoom
    reconciler: Reconciler
    watch: PbxWatch
    actions: AmiLink
    keeping: Keeping
    listening: ListeningDesk
    desks: VoiceDesks


def _ports(of: _Parts, readiness: Ready) -> Ports:
    settings = of.settings
    return Ports(
        access=of.listening.access,
        signing=open_signing(settings, of.store, now),
        rights=settings.routes,
        provider=open_provider(settings, of.store, now),
        listening=of.listening,
        draws=DrawDesk(of.store, settings.access, now),
        kept=of.desks.ports,
        calls=Calls(of.store, of.pipeline, settings.routing.filieres.repetition_seconds * _SECOND_US),
        transfers=Transfers(settings, of.pipeline, of.watch.translator, of.actions),
        calling=open_calling(settings, of.pipeline, of.board, of.desk, of.store, of.actions),
        rooms=open_rooms(settings, of.pipeline, of.actions, of.watch),
        callbacks=of.desk,
        crisis=of.crisis,
        duty=of.posts.room,
        desks=of.seats.desks(of.actions, of.watch),
        telephone=of.posts.telephone,
        page_states=of.posts.readiness,
        page_qualities=of.posts.quality,
        qos=Figures(settings, of.store),
        reconcile=of.reconciler,
        readiness=readiness,
        board=of.board,
        feed=Feed(of.board, pause=asyncio.sleep),
        filieres=cards(settings),
        clock=now,
        archive=of.keeping.keeper.figures,
    )


_Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


def _spawner(tasks: asyncio.TaskGroup) -> _Spawn:
    """Tasks without which there is no service: the end of one ends it, and whoever watches the process starts it again."""

    def spawn(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        return tasks.create_task(work)

    return spawn


def _apart(spawn: _Spawn) -> _Spawn:
    """Tasks whose failure must cost nobody anything else: it is logged, and the calls go on."""

    async def guarded(work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("task_failed", task=getattr(work, "__qualname__", str(work)))

    return lambda work: spawn(guarded(work))


_Task = asyncio.Task[None]


async def _leave_pbx(watches: Sequence[_Task], links: Sequence[AmiLink], running: Sequence[_Task], agi: AgiServer) -> None:
    for task in watches:
        task.cancel()
    for link in links:
        link.close()
    await asyncio.gather(*running, return_exceptions=True)
    await agi.stop()


def _rest(*ends: Callable[[], None]) -> None:
    """One after the other; blocking."""
    for end in ends:
        end()


def _voice(settings: Settings, store: Store, pipeline: Pipeline, recordings: Path) -> tuple[ListeningDesk, VoiceDesks]:
    listening = open_listening(settings, store, pipeline, recordings)
    return listening, VoiceDesks(settings, store, listening.access.rights, now)


def _time() -> LinkTime:
    return LinkTime(clock=now, monotonic_us=monotonic_us, random=random.random, wait=wait_for_event)


def _link(settings: Settings, which: str) -> LinkSettings:
    ami = settings.pbx.ami
    events = which == "events"
    return LinkSettings(
        name=which,
        host=settings.cti.pbx.host,
        port=ami.port,
        username=ami.events_login if events else ami.actions_login,
        secret=ami.events_secret if events else ami.actions_secret,
        events="on" if events else "off",
    )


def _pipeline(
    settings: Settings,
    store: Store,
    store_thread: OneThread,
    apart: _Spawn,
    desk: CallbackDesk,
    recordings: Path,
    listeners: Sequence[Listener],
) -> Pipeline:
    """What follows from a fact, and who is told of each event."""
    table = reactions(settings, store.dossiers, store_thread, recordings, desk.hear, in_a_thread(store.journey))
    return Pipeline(store, store_thread, now, apart, table, listeners)


def _watch(
    settings: Settings,
    pipeline: Pipeline,
    journal: SessionJournal,
    spawn: _Spawn,
    reconciler: Reconciler,
    posts: Posts,
) -> PbxWatch:
    pbx = settings.cti.pbx
    witnesses = WatchSettings(pbx.cel, pbx.history_hours * _HOUR_US)
    link = _link(settings, "events")
    return PbxWatch(witnesses, link, _time(), pipeline, journal, spawn, posts.last_at, reconciler.caught_up, posts.on_frame)


def _journal(settings: Settings, word: JournalWord) -> SessionJournal:
    keep = settings.cti.journal
    journal = SessionJournal(
        JournalSettings(
            folder=settings.cti.service.var / "journal",
            name="events",
            rotate_bytes=keep.rotate_mib * 1024 * 1024,
            rotate_seconds=keep.rotate_hours * 3600,
            keep_seconds=keep.keep_days * 86_400,
        ),
        word.say,
    )
    journal.start()
    return journal


def _quiet_work(
    settings: Settings, store: Store, listening: ListeningDesk, desks: VoiceDesks
) -> tuple[Coroutine[Any, Any, None], ...]:
    heads = HeadKeeper(settings.heads, store.traces.last, settings.zone, now, asyncio.sleep)
    return listening.run(), heads.run(), desks.exports.run()


def _recent(store: Store, settings: Settings) -> RecentCallers:
    """The numbers that called shortly before this start; blocking."""
    window = settings.routing.filieres.repetition_seconds * _SECOND_US
    recent = RecentCallers(window)
    recent.adopt(store.reading.journeys(now() - window, None))
    return recent


def _note_decision(call_id: str, decision: Decision, asked_at: Instant) -> None:
    """The decision itself comes back from the PBX with its reason (SasRoute) and is stored from there; here is its trace."""
    log.info(
        "route_decided",
        call_id=call_id,
        filiere=decision.filiere,
        motif=decision.motif,
        previous_call_id=decision.repeat.previous_call_id if decision.repeat is not None else None,
        anomalies=decision.anomalies,
        asked_at=asked_at,
    )
