"""The note for whoever receives the package and has never seen us: what it is, how to read and check it, whom to call."""

from typing import Any


def reader_note(told: dict[str, Any], day: str, house: str, contact: str) -> str:
    """``LISEZMOI.txt``, from the receipt; ``day``: when it was made, as people write it."""
    pieces = told["pieces"]
    parts = [
        f"REMISE D'ENREGISTREMENTS DE RÉGULATION MÉDICALE\n{house}\n",
        f"Remise {told['export_id']}, faite le {day} par {told['par']}.\n"
        f"Demandée par : {told['demandeur']}\nRéférence : {told['reference']}\n"
        f"Motif : {told['motif']}\nObjet : {told['cible']}\n",
        _CONFIDENTIAL,
        _contents(pieces),
        _masks(told["masques"], told["retire"]),
        _absences(told["absentes"]),
        _CHECK,
        _log(told),
        f"QUI APPELER\n\n{contact}\n",
    ]
    return "\n".join(part for part in parts if part)


_CONFIDENTIAL = """CONFIDENTIALITÉ

Ces enregistrements sont couverts par le secret médical (code de la santé publique, L.1110-4) et peuvent contenir ce qui
a été dit de tierces personnes. Ils ne servent qu'à la demande ci-dessus. Ne les copiez pas sans nécessité, ne les confiez
pas à un service d'écoute ou de transcription en ligne, détruisez les copies dont vous n'avez plus besoin.
"""

_CHECK = """VÉRIFIER QUE RIEN N'A CHANGÉ

EMPREINTES.sha256 donne l'empreinte (SHA-256) de chaque fichier. Dans le dossier où vous avez ouvert le paquet :

    Linux, macOS :  sha256sum -c EMPREINTES.sha256      (macOS : shasum -a 256 -c EMPREINTES.sha256)
    Windows :       Get-FileHash -Algorithm SHA256 audio\\*.flac      (PowerShell ; comparer à l'œil)

recu.json dit pour chaque enregistrement l'empreinte de ce que l'archive détient et celle de ce qui vous est remis. Elles
sont égales quand rien n'est masqué. Le programme verifier-un-export.py (Python seul, fourni sur demande) contrôle
empreintes, reçu et masques.
"""


def _contents(pieces: list[dict[str, Any]]) -> str:
    lines = [f"  {one['fichier']}  ({_seconds(one['duree_ms'])}, {one['nature']})" for one in pieces]
    remarks = [f"  {one['fichier']} : {one['remarque']}" for one in pieces if one["remarque"]]
    return (
        "CE QUE CONTIENT LE PAQUET\n\n"
        + "\n".join(lines)
        + """

  audio/          le son, tel qu'il est archivé (FLAC, sans perte). À gauche l'appelant, à droite les agents.
  ecoute/         le même son en WAV, que tout ordinateur sait lire.
  chronologie/    les étapes de chaque appel, en millisecondes depuis le début du son (JSON).
  chronologie.html  les mêmes étapes, à lire dans un navigateur.
  recu.json       le reçu : qui a demandé, qui a remis, à quel titre, quoi.

FLAC se lit avec VLC (Windows, macOS, Linux) et le lecteur de Windows 10 et 11. Sans VLC, prenez les fichiers WAV.
"""
        + ("\nREMARQUES DU SERVICE SUR CES ENREGISTREMENTS\n\n" + "\n".join(remarks) + "\n" if remarks else "")
    )


def _seconds(ms: int) -> str:
    return f"{ms // 1000},{ms % 1000 // 100} s"


def _masks(count: int, retired: list[str]) -> str:
    if not count and not retired:
        return ""
    lines = ["CE QUI A ÉTÉ MASQUÉ\n"]
    if count:
        lines.append(
            f"{count} passage(s) ont été rendus silencieux : ils concernent une tierce personne. Début, fin, voix et raison\n"
            "de chacun sont dans le reçu et la chronologie. Tout le reste du son est, échantillon pour échantillon, celui de\n"
            "l'archive, qui garde l'original.\n"
        )
    if retired:
        lines.append(f"Ne figurent pas dans les chronologies remises : {', '.join(retired)}.\n")
    return "\n".join(lines)


def _absences(absent: list[dict[str, Any]]) -> str:
    if not absent:
        return ""
    lines = [f"  {one['piece_id']} (du {one['debut']}) : {one['pourquoi']}" for one in absent]
    return "CE QUI NE PEUT PAS ÊTRE REMIS\n\n" + "\n".join(lines) + "\n"


def _log(told: dict[str, Any]) -> str:
    log = told["journal_des_acces"]
    return (
        "LA TRACE DE CETTE REMISE\n\n"
        "Le droit de la faire et l'empreinte du paquet fermé sont écrits dans le journal des accès du service, dont chaque\n"
        "entrée porte l'empreinte de la précédente.\n"
        f"Au moment de la remise : entrée {log['entree']}, empreinte\n{log['empreinte']}\n"
        "Le service fournit sur demande l'extrait du journal et de quoi le vérifier.\n"
    )
