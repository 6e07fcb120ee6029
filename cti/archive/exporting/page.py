"""The timelines on one page that any browser shows: no script, nothing fetched, every word of a person escaped."""

from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from cti.journey.words import Instant, from_datetime

_STYLE: Final = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "td.t{font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.8rem;word-break:break-all}"
    "tr.masque td{background:#eee}@media print{h2{break-before:page}}"
)
_SIDES: Final = {"caller": "l'appelant", "agents": "les agents", "both": "les deux voix"}


def page(told: dict[str, Any], timelines: Sequence[dict[str, Any]], day: Callable[[Instant], str], house: str) -> str:
    """``chronologie.html``, from the receipt and the timelines that are given."""
    pieces = "".join(_piece(one, timeline, day) for one, timeline in zip(told["pieces"], timelines, strict=True))
    absent = "".join(f"<li>{escape(one['piece_id'])} : {escape(one['pourquoi'])}</li>" for one in told["absentes"])
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Chronologie de la remise {escape(told['export_id'])}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>Enregistrements de régulation médicale</h1><p>{escape(house)}</p>\n"
        f"<p>Remise {escape(told['export_id'])} à {escape(told['demandeur'])}, référence {escape(told['reference'])}. "
        "Document couvert par le secret médical.</p>\n"
        f"{pieces}" + (f"<h2>Ce qui ne peut pas être remis</h2><ul>{absent}</ul>\n" if absent else "") + "</body></html>\n"
    )


def _piece(one: dict[str, Any], timeline: dict[str, Any], day: Callable[[Instant], str]) -> str:
    since = from_datetime(datetime.fromisoformat(one["debut"]))
    rows = sorted(_rows(timeline), key=lambda row: (row[0], row[1]))
    lines = "".join(
        f"<tr{' class=masque' if kind == 'masque' else ''}><td class=t>{offset(at)}</td><td>{escape(words)}</td></tr>\n"
        for at, kind, words in rows
    )
    facts = [
        f"Commencé le {day(since)}, durée {offset(one['duree_ms'])}",
        f"dossier {one['dossier']}" if one["dossier"] else "sans dossier",
        f"appelant {timeline['caller']}" if timeline["caller"] else "",
        one["remarque"] or "",
    ]
    return (
        f"<h2>{escape(one['fichier'])}</h2><p>{escape(' ; '.join(fact for fact in facts if fact))}</p>\n"
        f"<table><tr><th>Depuis le début</th><th>Ce qui s'est passé</th></tr>\n{lines}</table>\n"
        f"<p>SHA-256 du fichier remis : <code>{one['remis']['flac_sha256']}</code><br>"
        f"SHA-256 dans l'archive : <code>{one['archive']['flac_sha256']}</code></p>\n"
    )


def _rows(timeline: dict[str, Any]) -> list[tuple[int, str, str]]:
    found = [(0, "debut", "début de l'enregistrement"), (timeline["duration_ms"], "fin", "fin de l'enregistrement")]
    for stage in timeline["stages"]:
        who = f"{stage['agent'] or 'un agent'} ({stage['filiere']})"
        for name, words in (
            ("answered_ms", "décroche"),
            ("talk_ms", "parle avec l'appelant"),
            ("left_ms", "n'est plus avec l'appelant"),
        ):
            if stage[name] is not None:
                found.append((stage[name], name, f"{who} {words}"))
    for one in timeline["consults"]:
        if one["answered_ms"] is not None:
            found.append((one["answered_ms"], "consult", f"{one['agent']} consulte {one['answered_by'] or 'un collègue'}"))
        if one["ended_ms"] is not None:
            found.append((one["ended_ms"], "consult", f"fin de la consultation de {one['agent']}"))
    for mask in timeline["masques"]:
        words = f"masqué jusqu'à {offset(mask['a_ms'])}, {_SIDES[mask['voie']]} : {mask['raison']}"
        found.append((mask["de_ms"], "masque", words))
    return found


def offset(ms: int) -> str:
    """``-0:01,500`` before the sound, ``1:02:03,004`` in it."""
    sign, rest = ("-" if ms < 0 else ""), abs(ms)
    hours, minutes, seconds = rest // 3_600_000, rest // 60_000 % 60, rest // 1000 % 60
    clock = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{sign}{clock},{rest % 1000:03d}"
