"""Callers whom an agent's phone left alone with each other: a red alarm for each two of them, as long as it lasts.

Nobody of the SAS hears them and no figure shows it, so it is told at once, by the fact, and again after a restart.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from cti.journey import CallId, Instant, Journey
from cti.journey.folding.joined import alone_with
from cti.journey.words import as_datetime
from cti.live.alarms import Gravite
from cti.live.views import mask

_MINUTE: Instant = 60_000_000


class CallersJoined:
    """Who is alone with whom now. An alarm stands when both are; it is over when either is gone or with somebody of ours."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._alone: dict[CallId, Journey] = {}

    def told(self, journey: Journey) -> bool:
        """A call changed; whether that may concern an alarm of here."""
        if alone_with(journey) is not None:
            self._alone[journey.call_id] = journey
            return True
        return self._alone.pop(journey.call_id, None) is not None

    def standing(self, at: Instant) -> Iterable[tuple[str, Instant, str, Gravite]]:
        """Code, beginning, text and gravity of each alarm, ``at`` being now."""
        for call_id, journey in sorted(self._alone.items()):
            found = alone_with(journey)
            other = self._alone.get(found[0]) if found is not None else None
            if found is not None and other is not None and call_id < other.call_id:
                who = f"{self._named(journey)} et {self._named(other)}, {_for_how_long(at - found[1])}"
                text = f"Deux appelants laissés seuls ensemble : {who}. {_HELP}"
                yield f"callers_joined:{call_id}", found[1], text, Gravite.CRITIQUE

    def _named(self, journey: Journey) -> str:
        hour = as_datetime(journey.t0).astimezone(self._zone).strftime("%H:%M")
        dossier = f", dossier {journey.dossier_ref}" if journey.dossier_ref else ""
        return f"{mask(journey.caller) or 'numéro masqué'} (appel de {hour}{dossier})"


#: What somebody can do about it.
_HELP = "Aucun agent ne les entend : transférez l'un des deux vers une filière, l'autre revient à la sienne"


def _for_how_long(us: Instant) -> str:
    minutes = us // _MINUTE
    return f"depuis {minutes} min" if minutes > 0 else "depuis moins d'une minute"
