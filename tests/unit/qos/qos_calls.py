"""Calls for the figures' tests, written in seconds; and the site's own qos.toml."""

import copy
import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings as settings_of

from cti.journey import Journey, Leg, Quality, Stage, State
from cti.journey.events import OfferEnd
from cti.journey.model import StageEnd
from cti.journey.words import from_datetime
from cti.qos import Period, Regulation, from_mapping
from cti.qos.period import local_day

#: A busy machine is no defect: properties have no time limit of their own.
UNHURRIED = settings_of(deadline=None)
PARIS = ZoneInfo("Europe/Paris")
QOS_TOML = Path(__file__).parents[3] / "config" / "qos.toml"


def settings() -> dict[str, Any]:
    """A fresh copy of the site's file, to be altered by a test."""
    return copy.deepcopy(_SETTINGS)


_SETTINGS: dict[str, Any] = tomllib.loads(QOS_TOML.read_text(encoding="utf-8"))
SITE: Regulation = from_mapping(_SETTINGS, "qos.toml")


def paris(text: str, fold: int = 0) -> int:
    """An instant read on the wall clock of Paris."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold))


#: A plain Wednesday at ten: SAS hours.
T0 = paris("2026-11-18T10:00:00")
DAY: Period = local_day(datetime.fromisoformat("2026-11-18").date(), PARIS)


def us(seconds: float) -> int:
    return round(seconds * 1_000_000)


def call(
    *,
    answered: float | None = None,
    ended: float | None = None,
    t0: int = T0,
    caller: str | None = "0299000001",
    flux: str = "15",
    filiere: str = "n1",
    queued: float = 0.0,
    test: bool = False,
    public: bool = True,
    quality: Quality = Quality.OBSERVED,
    offer_seen: bool = True,
    in_queue: bool = True,
    cause: int = 16,
    call_id: str = "c",
) -> Journey:
    """One caller of one filière: answered after so many seconds, ended after so many, both from t0."""
    answered_at = None if answered is None else t0 + us(answered)
    ended_at = None if ended is None else t0 + us(ended)
    legs = ()
    if answered_at is not None:
        offered = t0 + us(queued) if offer_seen else None
        legs = (Leg(agent="arm01", leg="l1", offered_at=offered, answered_at=answered_at, ended_at=ended_at),)
    end = None
    if ended_at is not None:
        end = StageEnd.ABANDONED if answered_at is None else StageEnd.AGENT_HANGUP
    stage = Stage(
        filiere=filiere, entered_at=t0 + us(queued), legs=legs, answered_at=answered_at, agent="arm01", left_at=ended_at, end=end
    )
    state = State.ENDED if ended_at is not None else State.WAITING if answered_at is None else State.TALKING
    return Journey(
        call_id=call_id,
        state=state,
        t0=t0,
        channel="ch",
        flux=flux,
        caller=caller,
        public=public,
        test=test,
        stages=(stage,) if in_queue else (),
        answered_at=answered_at,
        answered_by="arm01" if answered_at is not None else None,
        ended_at=ended_at,
        cause=None if ended_at is None else cause,
        quality=quality,
        last_at=max(t0, ended_at or 0),
    )


def then(journey: Journey, filiere: str, *, entered: float, answered: float | None, left: float) -> Journey:
    """The same call passed on to another filière, where it ended."""
    at, gone = journey.t0 + us(entered), journey.t0 + us(left)
    picked = None if answered is None else journey.t0 + us(answered)
    legs = () if picked is None else (Leg(agent="p2", leg="l2", offered_at=at, answered_at=picked, ended_at=gone),)
    end = StageEnd.ABANDONED if picked is None else StageEnd.AGENT_HANGUP
    stages = list(journey.stages)
    if stages:
        stages[-1] = replace(stages[-1], left_at=at, end=StageEnd.TRANSFERRED)
    stages.append(Stage(filiere=filiere, entered_at=at, legs=legs, answered_at=picked, agent="p2", left_at=gone, end=end))
    return replace(journey, stages=tuple(stages), ended_at=gone, state=State.ENDED, last_at=gone)


def abandoned_while_ringing(journey: Journey) -> Journey:
    """A phone rang for the caller until the end."""
    leg = Leg(agent="arm01", leg="l1", offered_at=journey.t0, ended_at=journey.ended_at, how=OfferEnd.CANCELLED)
    return replace(journey, stages=(replace(journey.stages[0], legs=(leg,)),))


def ten_calls(t0: int = T0) -> list[Journey]:
    """The small set on which the systems disagree."""
    return [
        *(call(answered=wait, ended=wait + 120, t0=t0) for wait in (5, 29.6, 30.0, 30.4, 45)),
        *(call(ended=wait, t0=t0) for wait in (4, 9.9, 10.0, 20, 40)),
    ]
