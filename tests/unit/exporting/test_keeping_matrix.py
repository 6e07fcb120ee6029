"""The access matrix over HTTP: each role x each relation x each verb of keeping; refused and granted, both logged.

What is expected is computed from a table read here by hand: the shipped one, and another whose every cell differs from it.
"""

import itertools
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from cti.access import from_mapping
from cti.access.chain import link, verify
from cti.access.rights import About, Asker, done
from cti.journey import Journey
from cti.journey.around.access import SCREENS, AccessRole, Relation, Verb
from cti.journey.around.keeping import HoldKind, Scope, Target
from cti.journey.around.listening import Draw
from cti.journey.ledger import Batch
from cti.journey.model import Leg, Stage
from tests.unit.archive.voices_kept import T0, S
from tests.unit.exporting.handing_house import CONFIG, REFERENCE, Site
from tests.unit.exporting.serving import Served, served

pytestmark = pytest.mark.timeout(600)

VERBS = (Verb.EXPORTER, Verb.CONSERVER, Verb.LIBERER, Verb.PROPOSER, Verb.APPROUVER, Verb.VERIFIER)
SHIPPED: dict[str, Any] = tomllib.loads((CONFIG / "acces.toml").read_text(encoding="utf-8"))
#: Every cell the other way round: whoever may by the shipped table may not by this one.
OPPOSITE: dict[str, Any] = {
    "droits": [
        {"relation": relation.value, "verbes": [verb.value], "roles": [role.value], "motif": verb is Verb.LIBERER}
        for relation, verb, role in itertools.product(Relation, VERBS, AccessRole)
        if role not in SCREENS
        and not any(relation == row["relation"] and verb in row["verbes"] and role in row["roles"] for row in SHIPPED["droits"])
    ]
    + [{"relation": "salle", "verbes": ["administrer"], "roles": ["admin"]}]
}
#: What the call of each relation ties to besides: whoever spoke in it holds its patient, and everything is of the room.
TIED = {
    Relation.SES_APPELS: {Relation.SES_APPELS, Relation.DOSSIER, Relation.SALLE},
    Relation.DOSSIER: {Relation.DOSSIER, Relation.SALLE},
    Relation.QUALITE: {Relation.QUALITE, Relation.SALLE},
    Relation.SALLE: {Relation.SALLE},
    Relation.REQUISITION: {Relation.REQUISITION, Relation.SALLE},
}


def talked(journey: Journey, agent: str, since: int) -> Journey:
    """The call, held by this post."""
    leg = Leg(
        agent=agent, leg=f"{journey.call_id}.2", offered_at=since, answered_at=since, joined_at=since, ended_at=since + 3 * S
    )
    stage = Stage(
        filiere="n1", entered_at=since, answered_at=since, joined_at=since, left_at=since + 3 * S, agent=agent, legs=(leg,)
    )
    return replace(journey, stages=(stage,), consults=())


def furnished(site: Site) -> None:
    """One call for each relation, an account of arm01 for each role."""
    for role in AccessRole:
        site.account(f"compte.{role.value}", role, personne="arm01")
    for relation in Relation:
        journey = site.call(f"2026/12/16/{relation.value}", dossier=f"d-{relation.value}")
        holder = "arm01" if relation is Relation.SES_APPELS else "arm02"
        site.store.commit(Batch(journeys=(talked(journey, holder, T0),)))
    later = replace(site.store.journey("dossier") or Journey(call_id="x"), call_id="plus-tard", recordings=(), consults=())
    site.store.commit(Batch(journeys=(talked(later, "arm01", T0 + 60 * S),)))
    for role in AccessRole:
        draw = Draw(
            number=1, by="test", at=T0, reviewer=f"compte.{role.value}", ends_at=site.now + 3_600 * S, reason="revue", since=T0,
            until=T0 + S, wanted=1, seed="s", pool=1, pool_sha256="p", calls=("qualite",),
        )  # fmt: skip
        site.store.draws.add(
            draw, lambda _: lambda last: link(last, done(Asker(who="test", roles=(), client=""), Verb.TIRER, About(), "", T0))
        )
    site.hold(Scope.PIECE, "requisition")


def expected(table: dict[str, Any], role: AccessRole, relations: set[Relation], verb: Verb) -> bool:
    return any(row["relation"] in relations and verb in row["verbes"] and role in row["roles"] for row in table["droits"])


async def asked(web: Served, name: str, verb: Verb, piece_id: str) -> int:
    """The act of this verb on the piece of this relation, with a reason; its status."""
    site, reason = web.site, {"raison": "parce que"}
    match verb:
        case Verb.EXPORTER:
            body = {"pieces": [piece_id], "motif": "parce que", "reference": REFERENCE, "demandeur": "OPJ"}
            return (await web.post(name, "/api/v1/exports", body))[0]
        case Verb.CONSERVER:
            body = {"piece": piece_id, "motif": "autre", "reference": "R", "demandeur": "le chef", **reason}
            return (await web.post(name, "/api/v1/gels", body))[0]
        case Verb.LIBERER:
            hold, _ = site.keeping.place(
                Target(Scope.PIECE, piece_id), kind=HoldKind.AUTRE, reference="R", asked_by="x", by="Chloé", reason="y"
            )
            return (await web.post(name, f"/api/v1/gels/{hold.number}/levee", reason))[0]
        case Verb.PROPOSER:
            return (await web.post(name, "/api/v1/eliminations", reason))[0]
        case Verb.APPROUVER:
            return (await web.post(name, "/api/v1/eliminations/99/approbation", {"visa": "V", **reason}))[0]
        case _:
            return (await web.get(name, "/api/v1/archive/verification"))[0]


#: What the act answers to whoever may: nothing is due, and no proposal has the number 99.
GRANTED = {
    Verb.EXPORTER: 201, Verb.CONSERVER: 201, Verb.LIBERER: 200, Verb.PROPOSER: 409, Verb.APPROUVER: 404, Verb.VERIFIER: 200,
}  # fmt: skip


@pytest.mark.parametrize("table", [SHIPPED, OPPOSITE], ids=["shipped", "opposite"])
async def test_every_cell(site: Site, table: dict[str, Any]) -> None:
    furnished(site)
    rules = replace(from_mapping({"droits": table["droits"]}, "acces.toml"), key=site.settings.access.key)
    site.settings = replace(site.settings, access=rules)
    seen = {True: 0, False: 0}
    async with served(site) as web:
        for role, relation, verb in itertools.product(AccessRole, Relation, VERBS):
            of_a_call = verb in (Verb.EXPORTER, Verb.CONSERVER, Verb.LIBERER)
            may = expected(table, role, TIED[relation] if of_a_call else {Relation.SALLE}, verb)
            before = len(list(site.store.traces.read()))
            name = f"compte.{role.value}"
            status = await asked(web, name, verb, relation.value)
            assert status == (GRANTED[verb] if may else 403), (role, relation, verb, status)
            mine = [(one.who, one.verb, one.outcome) for one in site.store.traces.read(after=before)]
            if role in SCREENS:
                assert mine == [], "the door lets no wall screen come so far"
                continue
            assert mine[0] == (name, verb, "accordé" if may else "refusé"), (role, relation, verb)
            acts = may and status in (200, 201) and verb is not Verb.VERIFIER
            assert mine[1:] == ([(name, verb, "fait")] if acts else []), (role, relation, verb)
            seen[may] += 1
    assert sum(seen.values()) == 8 * 5 * 6
    assert min(seen.values()) > 20, seen
    assert list(verify(site.store.traces.read())) == []
