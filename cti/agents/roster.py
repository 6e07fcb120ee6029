"""The people of the room, found by whatever name the PBX gives their phone.

A phone that is not in the file is a person all the same: she gets her endpoint for a name and the role *inconnu*, because a
call that she answers is answered. Fields of ``agents.toml`` that concern the PBX alone (password, contact...) are left to those
who render it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cti.agents.roles import Role
from cti.journey import AgentId, FiliereCode

#: An endpoint's name, as it stands in the PBX's own files.
_ENDPOINT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_FILIERE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
#: What Asterisk adds to an endpoint to name one channel: ``-0000002a``, and ``;1`` or ``;2`` on the halves of a Local one.
_CHANNEL_END: Final = re.compile(r"-[0-9a-f]{8,}(;[12])?$")


class RosterError(ValueError):
    """The roster cannot be used; ``problems`` holds one line per fault: file, block, field, what is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Agent:
    """One person's place in the room."""

    endpoint: AgentId
    nom: str
    role: Role
    filieres: tuple[FiliereCode, ...] = ()  #: the queues this phone serves
    poste: str = ""  #: internal number, when it has one
    fixe: bool = True  #: always served by the person it is named after; otherwise whoever takes it (`people`)

    @property
    def known(self) -> bool:
        """Declared in the roster."""
        return self.role is not Role.INCONNU


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who may work here."""

    by_endpoint: Mapping[AgentId, Agent]

    @classmethod
    def from_mapping(cls, data: Mapping[str, object], file: str) -> "Roster":
        """Read a parsed ``agents.toml``: one block ``[agents.<endpoint>]`` per phone.

        Raises:
            RosterError: with every fault of the file.
        """
        problems: list[str] = []
        blocks = data.get("agents")
        if not isinstance(blocks, Mapping) or not blocks:
            raise RosterError((f"{file}: agents: at least one block [agents.<poste>] is expected",))
        agents: dict[AgentId, Agent] = {}
        for endpoint, block in blocks.items():
            agent = _agent(endpoint, block, file, problems)
            if agent is not None:
                agents[endpoint] = agent
        if problems:
            raise RosterError(tuple(problems))
        return cls(MappingProxyType(agents))

    def find(self, name: str) -> Agent:
        """The person behind a phone: an endpoint, a channel, a queue member or its displayed name; never an error."""
        endpoint = endpoint_of(name)
        for candidate in (name, endpoint):
            if candidate in self.by_endpoint:
                return self.by_endpoint[candidate]
        namesakes = [agent for agent in self.by_endpoint.values() if agent.nom == name]
        if len(namesakes) == 1:
            return namesakes[0]
        return Agent(endpoint, endpoint or "inconnu", Role.INCONNU)

    def serving(self, filiere: FiliereCode) -> tuple[Agent, ...]:
        """Who serves this filière, in the file's order."""
        return tuple(agent for agent in self if filiere in agent.filieres)

    def __iter__(self) -> Iterator[Agent]:
        return iter(self.by_endpoint.values())

    def __len__(self) -> int:
        return len(self.by_endpoint)


def may_transfer(agent: Agent, holder: AgentId | None) -> bool:
    """Whether this person may pass a caller on who is with ``holder`` (None: he waits in a queue).

    Any call may be requalified at any time by whoever holds it, declared or not; a supervisor may move any caller.
    """
    return agent.role is Role.SUPERVISEUR or (holder is not None and agent.endpoint == holder)


def endpoint_of(name: str) -> AgentId:
    """The endpoint in a channel's or a member's name.

    ``PJSIP/arm01-0000002a``, ``PJSIP/arm01`` and ``Local/arm01@sas-postes-0000000b;1`` give ``arm01``; a name without a slash is
    taken as it is (``mrg-00000001`` may be somebody's endpoint).
    """
    technology, slash, rest = name.strip().partition("/")
    if not slash:
        return technology
    return _CHANNEL_END.sub("", rest).partition("@")[0]


def _agent(endpoint: str, block: object, file: str, problems: list[str]) -> Agent | None:
    where = f"{file}: [agents.{endpoint}]"
    before = len(problems)
    if not _ENDPOINT.fullmatch(endpoint):
        problems.append(f"{where}: {endpoint!r} does not match {_ENDPOINT.pattern}")
    if not isinstance(block, Mapping):
        problems.append(f"{where}: a table is expected, not {block!r}")
        return None
    fixe = block.get("fixe", True)
    if not isinstance(fixe, bool):
        problems.append(f"{where} fixe: true or false is expected, not {fixe!r}")
    # Who sits at a post that is anybody's says what she does and which filières she serves.
    free = {} if fixe else {"role": Role.INCONNU.value, "filieres": []}
    nom, role = block.get("nom"), block.get("role", free.get("role"))
    if not isinstance(nom, str) or not nom.strip():
        problems.append(f"{where} nom: {_wrong(nom, 'a text is expected')}")
    if role not in _ROLES and role != free.get("role", ""):
        problems.append(f"{where} role: {_wrong(role, _ROLE_EXPECTED)}")
    filieres = _filieres(block.get("filieres", free.get("filieres")), where, problems)
    poste = block.get("poste", "")
    if not isinstance(poste, str):
        problems.append(f"{where} poste: a text is expected, not {poste!r}")
    if len(problems) > before:
        return None
    return Agent(endpoint, str(nom).strip(), Role(str(role)), filieres, str(poste), bool(fixe))


#: What the file may say; ``inconnu`` is for those whom it does not name.
_ROLES: Final = tuple(role.value for role in Role if role is not Role.INCONNU)
_ROLE_EXPECTED: Final = f"one of {', '.join(_ROLES)} is expected"


def _filieres(value: object, where: str, problems: list[str]) -> tuple[FiliereCode, ...]:
    if not isinstance(value, list):
        problems.append(f"{where} filieres: {_wrong(value, 'a list of filières is expected')}")
        return ()
    for code in value:
        if not isinstance(code, str) or not _FILIERE.fullmatch(code):
            problems.append(f"{where} filieres: {code!r} does not match {_FILIERE.pattern}")
        elif value.count(code) > 1:
            problems.append(f"{where} filieres: {code!r} stands twice")
            break
    return tuple(value)


def _wrong(value: object, expected: str) -> str:
    return "missing" if value is None else f"{expected}, not {value!r}"
