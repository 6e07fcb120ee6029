"""Crisis mode from the command line: the switch turned in the store, and its history told.

The service need not run: it reads the history every second, and all of it when it starts.
"""

import json
from collections.abc import Iterator

from cti.bootstrap.answering.crisis import tell_act
from cti.journey import Instant
from cti.journey.around.crisis import AlreadySo, CrisisAct, is_active, switched
from cti.journey.words import as_datetime
from cti.settings import Settings
from cti.store import open_store

_LONGEST = {"--par": 64, "--raison": 200}


class Unsigned(ValueError):
    """The switch wants a name and a reason, each on one line; the message says which is wrong, in French."""


def switch(settings: Settings, now: Instant, *, active: bool, by: str, reason: str) -> CrisisAct:
    """Turn the switch.

    Raises:
        Unsigned: no name, no reason, or one that is no line.
        AlreadySo: it stands that way already.
    """
    for option, given in (("--par", by), ("--raison", reason)):
        if not given.strip() or not given.isprintable() or len(given) > _LONGEST[option]:
            raise Unsigned(f"{option} : une ligne de 1 à {_LONGEST[option]} caractères est attendue")
    store = open_store(settings.database_url)
    try:
        return store.crises.add(
            lambda acts: switched(acts, active=active, at=now, by=by.strip(), reason=reason.strip()),
        )
    finally:
        store.close()


def why(settings: Settings, refusal: Unsigned | AlreadySo) -> str:
    """Why the switch was not turned, in French."""
    if isinstance(refusal, Unsigned):
        return str(refusal)
    return "rien à changer : " + ("aucune crise n'est en cours" if refusal.act is None else _line(settings, refusal.act))


def tell(settings: Settings, *, as_json: bool) -> Iterator[str]:
    """How it stands, and every turn of the switch, the oldest first."""
    store = open_store(settings.database_url)
    try:
        acts = store.crises.acts()
    finally:
        store.close()
    if as_json:
        yield from (json.dumps(tell_act(act), ensure_ascii=False) for act in acts)
        return
    yield "CRISE EN COURS" if is_active(acts) else "Pas de crise en cours"
    yield from (_line(settings, act) for act in acts)


def _line(settings: Settings, act: CrisisAct) -> str:
    """One turn of the switch, in the site's civil time."""
    when = as_datetime(act.at).astimezone(settings.zone).strftime("%d/%m/%Y %H:%M:%S")
    return f"{when}  {'crise' if act.active else 'levée'}  {act.by} : {act.reason}"
