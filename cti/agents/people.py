"""The people of ``agents.toml``: who may take a post, for which filières, and why one may pause.

A *post* is a phone (``[agents.<endpoint>]``, see `roster`). A post with ``fixe = true`` (the default) belongs to the person whose
name it bears and always serves its filières; at any other one, whoever takes it is the person.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cti.agents.ready_rules import ReadyRules, read_ready
from cti.agents.roles import Role
from cti.agents.roster import Agent, Roster, RosterError
from cti.journey import AgentId, FiliereCode
from cti.journey.around.duty import MISSING_REASON, WRAPUP_REASON, PersonId

_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,31}")
_NUMERO: Final = re.compile(r"[0-9]{2,6}")
_SHA1: Final = re.compile(r"[0-9a-f]{40}")
#: A reason goes through the dialplan and AMI: letters, spaces, hyphens.
_MOTIF: Final = re.compile(r"[^\W\d_][^\W_]*([ '-][^\W_]+)*")
_MOTIFS_MAX: Final = 9
_FIELDS: Final = ("nom", "role", "filieres", "numero", "code_sha1")
DEFAULT_MOTIFS: Final = ("repas", "administratif", "formation", "autre")
#: The reason that asks for words of one's own.
OTHER: Final = "autre"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here."""

    personne: PersonId
    nom: str
    role: Role
    filieres: tuple[FiliereCode, ...]  #: what she may serve
    numero: str = ""  #: what she dials to take a post: ``*51`` and this
    code_sha1: str = field(default="", repr=False)  #: SHA-1 of ``personne:code``, asked at the phone; empty: none asked


@dataclass(frozen=True, slots=True)
class Staff:
    """Posts, people, and the rules of pauses."""

    roster: Roster
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    motifs: tuple[str, ...] = DEFAULT_MOTIFS
    missed_max: int = 2  #: offers in a row that a post may let ring; 0: never withdrawn
    ready: tuple[ReadyRules, ...] = (ReadyRules(),)  #: from when a post is good enough, in the order of their dates

    @property
    def fixed(self) -> Mapping[AgentId, tuple[FiliereCode, ...]]:
        """The posts whose members are written in ``queues.conf``, with their filières."""
        return {agent.endpoint: agent.filieres for agent in self.roster if agent.fixe}

    def post(self, poste: AgentId) -> Agent | None:
        """A declared post."""
        return self.roster.by_endpoint.get(poste)

    def nom(self, personne: PersonId) -> str:
        """How people call her; a fixed post bears its person's name."""
        if personne in self.people:
            return self.people[personne].nom
        post = self.post(personne)
        return post.nom if post is not None else personne

    def role(self, personne: PersonId) -> Role:
        """What she does in the room."""
        if personne in self.people:
            return self.people[personne].role
        post = self.post(personne)
        return post.role if post is not None else Role.INCONNU


def read_staff(data: Mapping[str, object], file: str) -> Staff:
    """Read a parsed ``agents.toml``.

    Raises:
        RosterError: with every fault of the file.
    """
    problems: list[str] = []
    try:
        roster = Roster.from_mapping(data, file)
    except RosterError as trouble:
        problems.extend(trouble.problems)
        roster = Roster(MappingProxyType({}))
    people = _people(data.get("personnes", {}), file, problems)
    problems += [f"{file}: [personnes.{one}]: a post has this name already" for one in people if one in roster.by_endpoint]
    motifs, missed_max = _pauses(data.get("pauses", {}), file, problems)
    ready = read_ready(data.get("pret", []), file, problems)
    if problems:
        raise RosterError(tuple(problems))
    return Staff(roster, MappingProxyType(people), motifs, missed_max, ready)


def _people(blocks: object, file: str, problems: list[str]) -> dict[PersonId, Person]:
    if not isinstance(blocks, Mapping):
        problems.append(f"{file}: personnes: blocks [personnes.<identifiant>] are expected")
        return {}
    people: dict[PersonId, Person] = {}
    for personne, block in blocks.items():
        person = _person(personne, block, f"{file}: [personnes.{personne}]", problems)
        if person is None:
            continue
        taken = next((other for other in people.values() if person.numero and other.numero == person.numero), None)
        if taken is not None:
            problems.append(f"{file}: [personnes.{personne}] numero: {person.numero!r} is {taken.personne}'s already")
        people[personne] = person
    return people


def _person(personne: str, block: object, where: str, problems: list[str]) -> Person | None:
    if not isinstance(block, Mapping):
        problems.append(f"{where}: a table is expected, not {block!r}")
        return None
    wrong = [f"{name}: unknown field" for name in block if name not in _FIELDS]
    if not _ID.fullmatch(personne):
        wrong.append(f"{personne!r} does not match {_ID.pattern}")
    nom, role = block.get("nom"), block.get("role")
    if not isinstance(nom, str) or not nom.strip():
        wrong.append("nom: a text is expected")
    known = [one.value for one in Role if one is not Role.INCONNU]
    if role not in known:
        wrong.append(f"role: one of {', '.join(known)} is expected")
    filieres = block.get("filieres")
    if (
        not isinstance(filieres, list)
        or not all(isinstance(code, str) for code in filieres)
        or len(set(filieres)) < len(filieres)
    ):
        wrong.append("filieres: a list of filières, each once, is expected")
    for name, pattern in (("numero", _NUMERO), ("code_sha1", _SHA1)):
        value = block.get(name, "")
        if value != "" and (not isinstance(value, str) or not pattern.fullmatch(value)):
            wrong.append(f"{name}: a text that matches {pattern.pattern} is expected")
    problems.extend(f"{where} {fault}" for fault in wrong)
    if wrong:
        return None
    texts = tuple(str(code) for code in filieres) if isinstance(filieres, list) else ()
    return Person(
        personne, str(nom).strip(), Role(str(role)), texts, str(block.get("numero", "")), str(block.get("code_sha1", ""))
    )


def _pauses(block: object, file: str, problems: list[str]) -> tuple[tuple[str, ...], int]:
    where = f"{file}: [pauses]"
    if not isinstance(block, Mapping):
        problems.append(f"{where}: a table is expected")
        return DEFAULT_MOTIFS, 2
    problems.extend(f"{where} {name}: unknown field" for name in block if name not in ("motifs", "sans_reponse_max"))
    motifs, missed = block.get("motifs", list(DEFAULT_MOTIFS)), block.get("sans_reponse_max", 2)
    if (
        not isinstance(motifs, list)
        or not 1 <= len(motifs) <= _MOTIFS_MAX
        or not all(isinstance(m, str) and _MOTIF.fullmatch(m) for m in motifs)
        or {WRAPUP_REASON, MISSING_REASON} & set(motifs)
    ):
        problems.append(
            f"{where} motifs: 1 to {_MOTIFS_MAX} reasons in letters, none of them {WRAPUP_REASON!r}, {MISSING_REASON!r}"
        )
        motifs = []
    if not isinstance(missed, int) or isinstance(missed, bool) or not 0 <= missed <= 20:
        problems.append(f"{where} sans_reponse_max: a number from 0 (never withdrawn) to 20 is expected")
        missed = 2
    return tuple(str(m) for m in motifs), missed
