"""The live table of the demo in a terminal: one row a filière, the day's two figures, the last thing that happened."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from cti.bootstrap.demo.clicks import instant_of
from cti.journey.words import Instant, iso


def picture(board: dict[str, Any] | None, now: Instant, said: str) -> Group:
    """What the terminal shows; ``board`` is None while the service cannot be reached."""
    if board is None:
        return Group(Text("service injoignable", style="bold red"), Text(said))
    link = board["link"]
    table = Table(title=None, expand=False, pad_edge=False)
    table.add_column("filière")
    for name in ("attente", "plus ancienne", "sonne", "en ligne", "libres", "occupés", "pause"):
        table.add_column(name, justify="right")
    for card in sorted(board["filieres"].values(), key=lambda c: c["ordre"]):
        table.add_row(*_row(card, now))
    head = Text(
        f"{iso(now)}   liaison PBX : {'vue' if link['state'] == 'up' else 'PERDUE — ' + link['reason']}",
        style="" if link["state"] == "up" else "bold red",
    )
    return Group(head, table, Text(_day(board)), Text(said))


def plainly(board: dict[str, Any] | None) -> str:
    """The room in one line, for a log."""
    if board is None:
        return "service injoignable"
    totals = board["totals"]
    return f"{totals['waiting']} en attente, {totals['talking']} en ligne, {_day(board)}"


def _row(card: dict[str, Any], now: Instant) -> list[str]:
    agents = card["agents"]
    oldest = "" if card["oldest_since"] is None else f"{max(0, now - instant_of(card['oldest_since'])) / 1e6:.0f} s"
    counts = [card["waiting"], oldest, card["ringing"], card["talking"], agents["free"], agents["talking"], agents["paused"]]
    return [card["libelle"], *("?" if value is None else str(value or "") for value in counts)]


def _day(board: dict[str, Any]) -> str:
    day = board.get("day")
    if not day:
        return "chiffres du jour : pas encore calculées"
    return (
        f"entrants {day['entrants']}   décrochés {day['answered']}   abandons {day['abandoned']} (dont < 10 s : "
        f"{day['abandoned_early']})   QS30 {_share(day['qs30'])}   taux d'accueil {_share(day['taux_accueil'])}"
    )


def _share(value: float | None) -> str:
    return "non calculable" if value is None else f"{value * 100:.1f} %".replace(".", ",")
