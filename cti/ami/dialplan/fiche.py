"""The sheet of one post: all that is typed into a telephone, or that is to be known of a post in a browser. French.

It bears the post's password: it is handed over, not sent.
"""

from typing import Final

from cti.ami.dialplan.browser import ECHO
from cti.ami.dialplan.posts import FIN, PAUSE, PRISE, REPRISE
from cti.ami.dialplan.spec import AgentSpec, PbxSpec

_SRTP: Final = "SRTP obligatoire (SDES, AES_CM_128_HMAC_SHA1_80)"


class UnknownPost(LookupError):
    """No such post; the message lists those there are, in French."""


def fiche(spec: PbxSpec, poste: str, address: str) -> str:
    """The sheet of a post, found by its account (in any case) or its internal number.

    Args:
        spec: the site.
        poste: whose sheet.
        address: name or address of the PBX as this telephone reaches it.

    Raises:
        UnknownPost: there is none.
    """
    agent = _find(spec, poste)
    lines = [f"Fiche du poste {agent.endpoint} : {agent.nom}", ""]
    lines += _browser() if agent.webrtc else _telephone(agent, spec, address)
    lines += ["", "Ce que l'on compose", *_codes(agent, spec)]
    return "\n".join(lines) + "\n"


def _find(spec: PbxSpec, poste: str) -> AgentSpec:
    for agent in spec.agents:
        if poste.lower() == agent.endpoint.lower() or poste == agent.poste:
            return agent
    raise UnknownPost(f"poste {poste!r} inconnu ; postes : {', '.join(agent.endpoint for agent in spec.agents)}")


def _row(name: str, value: str) -> str:
    return f"  {name:<26}{value}"


def _browser() -> list[str]:
    return [
        "Poste dans le navigateur : rien à régler, aucun mot de passe SIP.",
        "  La personne ouvre la page /poste, prend le poste, choisit son micro et son casque.",
        "  Le mot de passe SIP est donné pour quelques heures par le service et retiré à la fin de poste.",
    ]


def _telephone(agent: AgentSpec, spec: PbxSpec, address: str) -> list[str]:
    secure = spec.tls if agent.distant else None
    port = spec.sip_port if secure is None else secure.sip_port
    lines = [
        "À régler dans le téléphone",
        _row("Serveur SIP (registrar)", f"{address}:{port}"),
        _row("Transport", "UDP" if secure is None else "TLS 1.2, certificat du serveur vérifié"),
        _row("Chiffrement de la voix", "aucun (réseau interne)" if secure is None else _SRTP),
        _row("Compte, identifiant", agent.endpoint),
        _row("Mot de passe", agent.password or "aucun : adresse fixe"),
        _row("Codecs, dans l'ordre", "G.722, G.711 A (PCMA), G.711 µ (PCMU)"),
        _row("DTMF", "RFC 4733 (ou SIP INFO)"),
        _row("Lignes", "deux, signal d'appel actif"),
        _row("Durée d'enregistrement", "300 s"),
    ]
    if agent.contact:
        lines.append(_row("Adresse fixe attendue", agent.contact))
    if secure is not None:
        lines += [
            _row("Depuis quels réseaux", ", ".join(agent.reseaux) or "de partout"),
            "  En clair, ce poste est refusé : ni appel, ni voix. Cette fiche porte un secret : la remettre en main propre.",
        ]
    return lines


def _codes(agent: AgentSpec, spec: PbxSpec) -> list[str]:
    lines = [_row("Numéro de ce poste", agent.poste)] if agent.poste else []
    if not agent.fixe:
        lines += [_row(f"{PRISE} + son numéro", "prise de poste"), _row(FIN, "fin de poste")]
    lines += [_row(PAUSE, "pause (un chiffre de plus : le motif)"), _row(REPRISE, "reprise")]
    lines += [_row(ECHO, "s'entendre soi-même, pour essayer le poste")]
    lines += [_row(f"{f.numero}, en appel {f.touche}", f"filière {f.libelle}") for f in spec.filieres]
    return lines
