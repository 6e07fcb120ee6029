"""One export from the question to the closed package: who may, what of it, made, closed, written down. Blocking; any thread."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cti import __version__
from cti.access import About, Asker, Granted, Refused, Rights
from cti.access.chain import head, link
from cti.access.rights import done
from cti.api.keeping_port import NotAllowed
from cti.archive.exporting.asked import BadlyAsked, Candidate, ExportRefused, Form, Order, Right, Wish
from cti.archive.exporting.choosing import check_reference, chosen
from cti.archive.exporting.closing import for_keys, in_a_zip
from cti.archive.exporting.making import House, check_masks, make
from cti.archive.sealing.keys import KeyTrouble, sha256
from cti.bootstrap.access.gathering import Gathering, asked
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.exporting.folder import Folder
from cti.bootstrap.keeping.opening import identity_of, shelf_of
from cti.journey import Instant
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.around.export import Export
from cti.journey.around.keeping import Target
from cti.journey.words import as_datetime
from cti.settings import Settings
from cti.store import Store

_HOUR_US: Final = 3_600_000_000
#: Letters and digits that nobody takes for one another when they are read over a telephone.
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS: Final = 5
#: To stretch a passphrase of age and to close a package with it takes seconds, not minutes.
_PATIENCE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Named:
    """What is asked for: one call, one dossier, or pieces by their names."""

    targets: tuple[Target, ...]

    @property
    def told(self) -> str:
        """In French."""
        return ", ".join(target.told for target in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed package. ``phrase`` is kept nowhere."""

    export: Export
    data: bytes
    phrase: str | None
    receipt: dict[str, Any]


class ExportOffice:
    """Every method raises StoreUnavailable, OSError and KeyTrouble when what it stands on is out of reach."""

    def __init__(self, settings: Settings, store: Store, rights: Rights, tying: Tying, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._store = store
        self._rights = rights
        self._gathering = Gathering(store, tying)
        self._clock = clock
        self.folder = Folder(settings.exports)

    # --- may it be, and of what -------------------------------------------------------------------------------------------

    def order(self, asker: Asker, personne: str, named: Named, wish: Wish) -> Order:
        """All that the package will be made from; every right is asked, and written, before anything of it is told.

        Raises:
            NotAllowed: she may not.
            ExportRefused: it cannot be given as asked.
        """
        found, calls, unknown = self._gathering.of(named.targets)
        right = self._right(asker, personne, named, found, wish)
        if not self._settings.archive.archive.actif:
            raise KeyTrouble("archive.toml : [archive] actif = false : rien n'est archivé sur ce site")
        given, absent = chosen((unknown or named).told, found, calls)
        if right.relation == Relation.REQUISITION:
            check_reference(given, wish.reference)
        check_masks(wish.masks, given)
        self._check_length(given)
        return Order(
            export_id=secrets.token_hex(6),
            at=self._clock() // 1_000_000 * 1_000_000,
            wish=wish,
            right=right,
            target=named.told,
            given=given,
            absent=absent,
            log=head(self._store.traces.last()),
            version=__version__,
        )

    def _right(self, asker: Asker, personne: str, named: Named, found: Sequence[Candidate], wish: Wish) -> Right:
        """The right for every piece; the first refusal ends it."""
        detail = f"{named.told}, pour {wish.asked_by}, référence {wish.reference}"
        granted: Granted | None = None
        relation = Relation.SALLE
        for one in found:
            ties = self._gathering.ties(asker.who, personne, one)
            about = About(call_id=one.kept.call_id, piece_id=one.piece_id, detail=detail)
            granted = self._asked(asker, about, ties, wish.reason, hint="" if asked(one.holds) else _HINT)
            # What a requisition gave is held to its reference, whatever else gave the rest.
            relation = relation if relation is Relation.REQUISITION else granted.relation
        if granted is None:
            granted = self._nothing(asker, named, detail, wish.reason)
        return Right(who=asker.who, role=granted.role, relation=relation, client=asker.client)

    def _nothing(self, asker: Asker, named: Named, detail: str, reason: str) -> Granted:
        """Nothing has that name: whoever may export nothing at all is told no more than that she may not."""
        may = any(Verb.EXPORTER in row.verbs and set(asker.roles) & row.roles for row in self._settings.access.rights)
        ties = [Tie(relation=relation) for relation in Relation] if may else [Tie(relation=Relation.SALLE)]
        return self._asked(asker, About(detail=f"{detail} : rien de ce nom"), ties, reason)

    def _asked(self, asker: Asker, about: About, ties: Sequence[Tie], reason: str, hint: str = "") -> Granted:
        decision = self._rights.ask(asker, Verb.EXPORTER, about, ties, reason)
        if isinstance(decision, Refused):
            told = not decision.needs_reason and decision.traced
            why = f"{decision.why} {hint}".strip() if told else decision.why
            raise NotAllowed(why, needs_reason=decision.needs_reason, traced=decision.traced)
        return decision

    def _check_length(self, given: Sequence[Candidate]) -> None:
        hours = sum(one.kept.piece.sealed.duration_ms for one in given if one.kept.piece.sealed) / 3_600_000
        most = self._settings.archive.exports.heures_max
        if hours > most:
            raise ExportRefused(
                f"{hours:.1f} heures de son, {most:g} au plus par remise ([exports] heures_max) : en plusieurs fois"
            )

    # --- made, closed, written down ---------------------------------------------------------------------------------------

    def make(self, order: Order, told: Callable[[], None] = lambda: None, *, kept: bool) -> Closed:
        """The closed package; ``kept``: the service holds it until it is fetched. Nothing is given yet.

        Raises:
            ExportRefused: a piece is absent, altered, or does not open.
        """
        made = make(order, shelf_of(self._settings), identity_of(self._settings), self._house(), told)
        data, phrase = self._closed(order, made.plain)
        hours = self._settings.archive.exports.vie_heures
        export = Export(
            export_id=order.export_id,
            at=order.at,
            by=order.right.who,
            client=order.right.client,
            target=order.target,
            asked_by=order.wish.asked_by,
            reference=order.wish.reference,
            reason=order.wish.reason,
            form=order.wish.form.value,
            pieces=len(order.given),
            masks=len(order.wish.masks),
            bytes=len(data),
            sha256=sha256(data),
            receipt=json.dumps(made.receipt, ensure_ascii=False, sort_keys=True),
            expires_at=order.at + hours * _HOUR_US if kept else None,
        )
        return Closed(export=export, data=data, phrase=phrase, receipt=made.receipt)

    def _closed(self, order: Order, plain: bytes) -> tuple[bytes, str | None]:
        wish = order.wish
        if wish.recipients:
            return for_keys(plain, wish.recipients), None
        phrase = new_phrase()
        if wish.form is Form.ZIP:
            return in_a_zip(plain, phrase, order.at), phrase
        return closed_apart(plain, phrase), phrase

    def _house(self) -> House:
        exports, zone = self._settings.archive.exports, self._settings.zone

        def day(at: Instant) -> str:
            return as_datetime(at).astimezone(zone).strftime("%d/%m/%Y à %H:%M:%S (%Z)")

        return House(name=exports.etablissement, contact=exports.contact, day=day)

    def write_down(self, closed: Closed, asker: Asker) -> None:
        """The register and the log, both or neither; only then may the package be given."""
        export = closed.export
        # The digest stands first: an entry is cut after so many signs.
        told = (
            f"remise {export.export_id} : paquet {export.form} sha256 {export.sha256}, {export.pieces} pièce(s), "
            f"{export.masks} masque(s), pour {export.asked_by}, référence {export.reference}, {export.target}"
        )
        said = done(asker, Verb.EXPORTER, About(detail=told), export.reason, self._clock())
        self._store.exports.add(export, lambda last: link(last, said))

    def tidy(self) -> list[str]:
        """Remove packages whose time is over, and say so; finish or remove what a death left. What was removed."""
        kept = self._store.exports.kept()
        self.folder.mend({one.export_id: one.sha256 for one in kept})
        gone = [one for one in kept if one.expires_at is not None and one.expires_at <= self._clock()]
        nobody = Asker(who="service", roles=(), client="service")
        for one in gone:
            self.folder.remove(one.export_id)
            about = About(detail=f"remise {one.export_id} : paquet effacé, sa durée de garde est passée (sha256 {one.sha256})")
            said = done(nobody, Verb.EXPORTER, about, "", self._clock())
            self._store.exports.removed(one.export_id, self._clock(), partial(link, said=said))
        return [one.export_id for one in gone]


_HINT: Final = (
    "Une remise se fait au titre d'une réquisition ou d'une demande : poser d'abord le gel"
    " (cti archive hold --motif requisition, ou demande)."
)


def new_phrase() -> str:
    """A passphrase of 123 bits, in groups that can be read over a telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(_GROUPS))


def closed_apart(plain: bytes, phrase: str) -> bytes:
    """Closed with a passphrase of age by a process of its own: it holds its interpreter for more than a second.

    Raises:
        OSError: it did not do it.
    """
    ran = subprocess.run(
        [sys.executable, "-m", "cti.archive.exporting.closing"],
        input=phrase.encode("ascii") + b"\n" + plain,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    if ran.returncode != 0 or not ran.stdout:
        raise OSError("le paquet n'a pas pu être fermé par une phrase (age)")
    return ran.stdout


def wish_of(
    *, reference: str, asked_by: str, reason: str, recipients: Sequence[str], form: str | None, masks: Sequence[Any]
) -> Wish:
    """The wish in words of the room; without a form, keys mean age and a passphrase means ZIP.

    Raises:
        BadlyAsked: a ZIP cannot be closed for keys.
    """
    if recipients and form == Form.ZIP:
        raise BadlyAsked("un paquet ZIP se ferme par une phrase : pour des clés publiques, le format est age")
    chosen_form = Form(form) if form else Form.AGE if recipients else Form.ZIP
    return Wish(
        reference=reference,
        asked_by=asked_by,
        reason=reason,
        form=chosen_form,
        recipients=tuple(dict.fromkeys(recipients)),
        masks=tuple(masks),
    )
