"""Are all the rows of a call there? What CEL writes has a grammar; a row that is missing breaks it.

Pure. A call is more than one channel: all channels tied by a linkedid or by our identity of a call, at any time, are one
*lineage*, and a row that is missing of one of them is a doubt on each call in it. The grammar, as Asterisk 22.10 and our dialplan
write it:

* a channel begins with CHAN_START and ends with HANGUP, CHAN_END; it leaves a bridge that it entered before it enters another;
  Queue and Dial begin and end in turn; nobody is in a bridge who was never answered, and nobody was ever alone in one;
* our own rows are numbered from 1 for each identity (``call/1``, ``call/2``...); a route is followed by its queue; a caller
  who is gone left SAS_END behind;
* SAS_TRANSFER and SAS_END name the phone that the queue had joined to the caller, so an answer cannot go missing with all its
  rows;
* a consultation is recorded before whoever is asked from the screen is rung, and before a phone that a second line asked is
  joined to it: SAS_RECORDING stands there, though no number says so (a recorder that could not start looks the same).

What breaks nothing, so that nobody can notice it: all rows of a phone that rang in vain; all rows of a call from its first to its
last; rows of music, so a hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cti.ami.translate.cel import OURS, CelRow
from cti.ami.translate.channels import endpoint_of
from cti.ami.translate.consults import POSTS_CONTEXT
from cti.ami.translate.outgoing import Click
from cti.ami.translate.telephony import ENTRY_CONTEXT, filiere_of
from cti.journey.words import CallId, Instant

#: What may follow a hang-up.
_LAST = frozenset({"CHAN_END", "LINKEDID_END"})
#: All that a caller leaves who hangs up before the dialplan could name his call.
_NO_CALL = frozenset({"CHAN_START", "HANGUP", *_LAST})


#: Where the asking half of a request to come begins.
_REQUESTS = frozenset({"sas-renfort", "sas-renfort-p0", "sas-invites"})
#: Where Local channels of ours begin, which one row ties to their call.
_FOR_A_CALL = _REQUESTS | {"sas-jonction"}
#: What Queue(), and Dial() of a post, run on the phone that answers a second line, by its name in the dialplan.
_VOICES_OF_A_LINE = frozenset({"sas-voix-ligne", "U(sas-voix-ligne)"})
#: How long such a channel waits for a transfer that does not come (a little less than the dialplan's second; microseconds).
_PATIENCE: Instant = 900_000
#: What stands on a call for which there is such a channel.
_ASKING = frozenset({"SAS_SALLE", "SAS_ATTENTE", "ATTENDEDTRANSFER"})


@dataclass(slots=True)
class Told:
    """What CEL tells of one channel, in order."""

    uniqueid: str
    rows: list[CelRow] = field(default_factory=list)
    #: where it was, each from an instant on: its bridge, empty when in none
    bridges: list[tuple[Instant, str]] = field(default_factory=list)
    #: the filière in whose queue it waited, empty when in none
    queues: list[tuple[Instant, str]] = field(default_factory=list)
    #: bridges of rooms, in which nobody is joined to one other
    rooms: set[str] = field(default_factory=set)
    gone_at: Instant | None = None

    @property
    def routes(self) -> bool:
        """Whether its queues are said beforehand: not those of a request to come, nor of a line whose place was taken."""
        return any(row.kind in ("SAS_ARRIVED", "SAS_ROUTE") for row in self.rows)

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.rows[0].channel

    @property
    def context(self) -> str:
        """Where it began, if its beginning is there."""
        return self.rows[0].context


@dataclass(slots=True)
class Lineage:
    """All channels that a call had to do with."""

    channels: dict[str, Told] = field(default_factory=dict)
    rows: list[CelRow] = field(default_factory=list)
    fault: str = ""  #: the first thing that is missing, in French


def lineages(rows: Sequence[CelRow]) -> Mapping[str, Lineage]:
    """By uniqueid; rows in the order of the log."""
    roots: dict[str, str] = {}

    def root(name: str) -> str:
        while roots.setdefault(name, name) != name:
            roots[name] = roots[roots[name]]
            name = roots[name]
        return name

    for row in rows:
        roots[root(row.uniqueid)] = root(row.linkedid)
        if row.ours is not None:
            roots[root(row.uniqueid)] = root(f"{OURS}{row.ours[0]}")
    found: dict[str, Lineage] = {}
    for row in rows:
        lineage = found.setdefault(root(row.uniqueid), Lineage())
        lineage.rows.append(row)
        lineage.channels.setdefault(row.uniqueid, Told(row.uniqueid)).rows.append(row)
    for lineage in found.values():
        lineage.fault = [*_faults(lineage), ""][0]  # all are looked for: reading them fills in where each channel was
    if any(_nobodys(lineage) for lineage in found.values()):
        for lineage in found.values():
            if not lineage.fault and _ASKING.intersection(row.kind for row in lineage.rows):
                lineage.fault = "une demande dont rien ne dit pour qui elle était"
    return {uniqueid: lineage for lineage in found.values() for uniqueid in lineage.channels}


def _nobodys(lineage: Lineage) -> bool:
    """A Local channel that our dialplan made for a call, and no row of ours says for which."""
    if any(row.ours is not None for row in lineage.rows):
        return False
    made = [told for told in lineage.channels.values() if told.name.startswith("Local/")]
    return any(told.context in _FOR_A_CALL and not _gave_up(told) for told in made)


def _gave_up(told: Told) -> bool:
    """It waited for two people to be joined, and they were not: then it has nothing to say."""
    return told.context == "sas-jonction" and told.gone_at is not None and told.gone_at - told.rows[0].at > _PATIENCE


def _faults(lineage: Lineage) -> Iterator[str]:
    for told in lineage.channels.values():
        yield from [f"{told.name} : {fault}" for fault in _channel(told)]
    yield from _lonely(lineage)
    yield from _ranks(lineage.rows)
    yield from _answers(lineage)
    written = [row for row in lineage.rows if row.kind == "SAS_RECORDING" and row.ours is not None and row.ours[1] < 0]
    for told in lineage.channels.values():
        if _unrecorded(told, written):
            yield f"{told.name} : enregistrement de la consultation non écrit"
    if any(_joins_two_callers(lineage, row) for row in lineage.rows):
        yield "un agent a joint deux appelants, et CEL ne dit plus lequel des deux un agent sert ensuite"


class _Life:
    """One channel, row by row; what does not follow from the row before is a fault."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._bridge = ""
        self._app = False
        self._answered = told.name.startswith("Local/")
        self._routed = False

    def read(self, row: CelRow) -> str:
        """What is missing before this row; empty when nothing is."""
        if self._told.gone_at is not None and row.kind not in _LAST:
            return f"{row.kind} après le raccroché"
        if row.ours is not None:
            return self._ours(row)
        reader = _READERS.get(row.kind)
        return reader(self, row) if reader is not None else ""

    def _ours(self, row: CelRow) -> str:
        fault = "file non écrite" if self._routed else ""
        self._routed = row.kind == "SAS_ROUTE"
        return fault

    def answer(self, row: CelRow) -> str:
        self._answered = True
        return ""

    def enter(self, row: CelRow) -> str:
        fault = "sortie de pont non écrite" if self._bridge else "" if self._answered else "décroché non écrit"
        self._bridge = row.extra.get("bridge_id", "")
        if row.app == "ConfBridge":
            self._told.rooms.add(self._bridge)
        self._told.bridges.append((row.at, self._bridge))
        self._told.queues.append((row.at, ""))
        return fault

    def exit(self, row: CelRow) -> str:
        fault = "" if self._bridge == row.extra.get("bridge_id", "") else "entrée de pont non écrite"
        self._bridge = ""
        self._told.bridges.append((row.at, ""))
        return fault

    def app(self, row: CelRow) -> str:
        began = row.kind == "APP_START"
        fault = "" if self._app is not began else f"{'fin' if began else 'début'} de file non écrit"
        if began and row.app == "Queue":
            fault = fault or ("" if self._routed or not self._told.routes else "route non écrite")
            self._routed = False
        self._app = began
        waits = filiere_of(row.data.partition(",")[0]) if began and row.app == "Queue" else None
        self._told.queues.append((row.at, waits or ""))
        return fault

    def joins(self, row: CelRow) -> str:
        bridge = row.extra.get("bridge1_id", "")
        return "entrée de pont non écrite" if bridge and bridge not in (b for _, b in self._told.bridges) else ""

    def hangup(self, row: CelRow) -> str:
        self._told.gone_at = row.at
        return "sortie de pont non écrite" if self._bridge else "fin de file non écrite" if self._app else ""


_READERS: Mapping[str, Callable[[_Life, CelRow], str]] = MappingProxyType(
    {
        "ANSWER": _Life.answer,
        "BRIDGE_ENTER": _Life.enter,
        "BRIDGE_EXIT": _Life.exit,
        "APP_START": _Life.app,
        "APP_END": _Life.app,
        "ATTENDEDTRANSFER": _Life.joins,
        "HANGUP": _Life.hangup,
    }
)


def _channel(told: Told) -> Iterator[str]:
    """The life of one channel, from its birth to its end."""
    if told.rows[0].kind != "CHAN_START":
        yield "début non écrit"
    life = _Life(told)
    yield from filter(None, [life.read(row) for row in told.rows])
    kinds = [row.kind for row in told.rows if row.kind != "LINKEDID_END"]
    if told.gone_at is None:
        if "CHAN_END" in kinds:
            yield "raccroché non écrit"
        return
    if kinds.count("HANGUP") != 1 or kinds[-2:] != ["HANGUP", "CHAN_END"]:
        yield "fin non écrite"
    if {"SAS_ARRIVED", "SAS_DIALLED"}.intersection(kinds) and "SAS_END" not in kinds:
        yield "fin de l'appel non écrite"
    if told.name.startswith("Local/") and told.context in _REQUESTS and told.name.endswith(";2") and "SAS_DEMANDE" not in kinds:
        yield "demande non écrite"
    dialled_out = any(row.kind == "APP_START" and row.context == "sas-sortant" for row in told.rows)
    if dialled_out and "SAS_PLACED" not in kinds and Click.read(told.uniqueid) is None:
        yield "appel sortant non écrit"
    came_in = told.context == ENTRY_CONTEXT and told.rows[0].linkedid == told.uniqueid  # else a guest's phone on that trunk
    if came_in and "SAS_ARRIVED" not in kinds and set(kinds) - _NO_CALL:
        yield "arrivée non écrite"


def _lonely(lineage: Lineage) -> Iterator[str]:
    inside: dict[str, set[str]] = {}
    for told in lineage.channels.values():
        for _, bridge in told.bridges:
            if bridge and bridge not in told.rooms:  # in a room one may wait for whoever is asked
                inside.setdefault(bridge, set()).add(told.uniqueid)
    for members in inside.values():
        if len(members) == 1:
            yield f"{lineage.channels[next(iter(members))].name} : seul dans un pont"


def _ranks(rows: Sequence[CelRow]) -> Iterator[str]:
    """Each row of ours follows another one.

    A caller who takes a second line's place goes on with its identity and its count: ATTENDEDTRANSFER says so.
    """
    joined = False
    reached: dict[tuple[CallId, str], int] = {}
    seen: set[tuple[CallId, int]] = set()
    for row in rows:
        joined = joined or row.kind == "ATTENDEDTRANSFER"
        if row.ours is None or row.ours[1] < 0:
            continue
        call_id, rank = row.ours
        before = reached.get((call_id, row.uniqueid))
        if rank == 0:
            yield "plan de numérotation d'une version antérieure"
        elif before is not None and rank != before + 1:
            yield f"ligne {before + 1} de l'appel non écrite"
        elif before is None and rank != 1 and not (joined and (call_id, rank - 1) in seen):
            yield f"ligne {rank - 1} de l'appel non écrite"
        reached[call_id, row.uniqueid] = rank
        if row.kind != "SAS_END":  # of the line itself, which is hung up: nothing goes on from there
            seen.add((call_id, rank))


def _answers(lineage: Lineage) -> Iterator[str]:
    """Each phone that the queue had joined to a caller is one that answered since his route, and both entered a bridge."""
    routed: dict[CallId, Instant] = {}
    answered: dict[str, Instant] = {}
    entered: dict[str, Instant] = {}
    for row in lineage.rows:
        if row.kind == "ANSWER":
            answered[endpoint_of(row.channel)] = row.at
        elif row.kind == "BRIDGE_ENTER":
            entered[endpoint_of(row.channel)] = entered[row.uniqueid] = row.at
        if row.ours is None:
            continue
        call_id = row.ours[0]
        if row.kind == "SAS_ROUTE":
            routed[call_id] = row.at
        member = row.words(6)[5] if row.kind == "SAS_TRANSFER" else row.words(5)[4] if row.kind == "SAS_END" else ""
        who, since = endpoint_of(member), routed.get(call_id, 0)
        if member and answered.get(who, 0) < since:
            yield f"décroché de {who} non écrit"
        if member and min(entered.get(who, 0), entered.get(row.uniqueid, 0)) < since:
            yield f"mise en relation avec {who} non écrite"


def _unrecorded(told: Told, written: Sequence[CelRow]) -> bool:
    """A consultation went on and none of these rows says that it was recorded."""
    consults = any(row.kind == "SAS_DEMANDE" and row.words(2)[1] == "consultation" for row in told.rows)
    linkedid = ""
    for row in told.rows:
        if row.kind == "APP_START" and consults:
            return not any(voice.uniqueid == told.uniqueid for voice in written)
        # A caller who takes the place of a line that rings at a post goes on in its Dial(), with his own recording.
        if row.kind == "APP_START" and told.context == POSTS_CONTEXT and not _VOICES_OF_A_LINE.isdisjoint(row.data.split(",")):
            linkedid = row.linkedid
        elif row.kind == "BRIDGE_ENTER" and linkedid:
            return not any(voice.linkedid == linkedid and voice.at <= row.at for voice in written)
    return False


def _joins_two_callers(lineage: Lineage, row: CelRow) -> bool:
    """Neither line of this transfer was dialled by the agent: on both he had been asked.

    The two calls have one linkedid from then on, by which CEL tells for whom a phone rings.
    """
    if row.kind != "ATTENDEDTRANSFER":
        return False
    lines = [lineage.channels.get(name) for name in (row.uniqueid, row.extra.get("channel2_uniqueid", ""))]
    return all(told is not None and told.name.startswith("PJSIP/") and told.rows[0].exten == "s" for told in lines)
