"""Exports from the command line: the same right, the same log, the package in a file of whoever typed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cti.access import Asker, Rights
from cti.archive.exporting.asked import BadlyAsked, Wish
from cti.archive.exporting.masks import Mask, Side
from cti.archive.keeping.holds import a_line
from cti.archive.sealing.keys import recipient_fault
from cti.bootstrap.access.accounts import CLIENT
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.clock import now
from cti.bootstrap.exporting.folder import settle, write_whole
from cti.bootstrap.exporting.office import Closed, ExportOffice, Named
from cti.bootstrap.keeping.telling import Bar
from cti.journey.around.access import User as Account
from cti.journey.around.keeping import Refused, Scope, Target
from cti.settings import Settings
from cti.store import Store, open_store

_MASK: Final = "PIECE:DE-A:VOIE:RAISON"


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Store, ExportOffice]]:
    store = open_store(settings.database_url)
    try:
        rights = Rights(settings.access, store.traces, now)
        yield store, ExportOffice(settings, store, rights, Tying(settings.staff, store.duty, store.reading), now)
    finally:
        store.close()


def export(
    settings: Settings, named: Mapping[str, str | Sequence[str] | None], wish: Wish, by: str, out: Path, bar: Bar
) -> Iterator[str]:
    """Make the package, write it down, put it there; what to say of it.

    Raises:
        Refused, NotAllowed, ExportRefused: nothing was made.
        OSError: the file is there already, or something is out of reach.
    """
    if out.exists():
        raise FileExistsError(f"{out} existe : rien n'est remplacé")
    with _opened(settings) as (store, office):
        account = _account(store, by)
        asker = Asker(who=account.name, roles=account.roles, client=CLIENT)
        order = office.order(asker, account.personne, _named(named), wish)
        closed = office.make(order, bar(len(order.given)), kept=False)
        part = out.with_name(out.name + ".part")
        write_whole(part, closed.data)
        try:
            office.write_down(closed, asker)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.rename(out)
        settle(out.parent)
    yield from _said(closed, out)


def _account(store: Store, name: str) -> Account:
    """Who types is whom the log will name: an account that is open, with the rights of its roles."""
    found = store.accounts.users().get(name.strip())
    if found is None or found.disabled_at is not None:
        raise Refused(f"--par : aucun compte ouvert ne s'appelle « {name} » (cti user add)")
    return found


def _named(named: Mapping[str, str | Sequence[str] | None]) -> Named:
    given = [
        Target(Scope(scope), one.strip())
        for scope, several in named.items()
        for one in ([several] if isinstance(several, str) else several or ())
        if one.strip()
    ]
    scopes = {target.scope for target in given}
    if len(scopes) != 1 or (len(given) > 1 and scopes != {Scope.PIECE}):
        raise Refused("une seule cible est attendue : --appel, --dossier, ou un ou plusieurs --piece")
    return Named(tuple(given))


def mask_of(text: str) -> Mask:
    """A mask as it is typed: ``PIECE:DE-A:VOIE:RAISON``, in milliseconds; VOIE: caller, agents or both.

    Raises:
        BadlyAsked: it is none.
    """
    piece_id, _, rest = text.partition(":")
    span, _, rest = rest.partition(":")
    side, _, reason = rest.partition(":")
    since, _, until = span.partition("-")
    if not (piece_id and since.isdecimal() and until.isdecimal() and side in set(Side) and reason.strip()):
        raise BadlyAsked(f"--masque {text} : {_MASK} est attendu (millisecondes ; voie : {', '.join(Side)})")
    return Mask(piece_id=piece_id, since_ms=int(since), until_ms=int(until), side=Side(side), reason=reason.strip())


def key_of(text: str) -> str:
    """A public key, as it is typed.

    Raises:
        BadlyAsked: it is none.
    """
    key = text.strip()
    if fault := recipient_fault(key):
        raise BadlyAsked(f"--destinataire : {fault}")
    return key


def _said(closed: Closed, out: Path) -> Iterator[str]:
    one = closed.export
    yield f"remise {one.export_id} : {out} ({one.bytes} octets, {one.pieces} pièce(s), {one.masks} masque(s))"
    yield from (f"absente : {piece['piece_id']}, {piece['pourquoi']}" for piece in closed.receipt["absentes"])
    yield f"sha256 {one.sha256}"
    if closed.phrase is None:
        return
    how = "7-Zip (AES-256)" if one.form == "zip" else "age -d"
    yield f"phrase, montrée cette seule fois : {closed.phrase}"
    yield f"À donner par une autre voie que le paquet (téléphone, main propre) ; il s'ouvre par {how}."


__all__ = ["a_line", "export", "key_of", "mask_of"]
