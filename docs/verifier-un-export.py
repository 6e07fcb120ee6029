#!/usr/bin/env python3
"""Vérifie une remise d'enregistrements ouverte dans un dossier, sans rien d'autre que Python (3.8 ou plus récent) et ce fichier.

    python3 verifier-un-export.py DOSSIER [paquet-ferme [empreinte-annoncee]]

Contrôle : l'empreinte (SHA-256) de chaque fichier de EMPREINTES.sha256, qu'aucun fichier ne manque ni ne s'y ajoute ; que le
reçu dit vrai de chaque enregistrement (empreintes remises, identité avec l'archive quand rien n'est masqué) ; que les copies WAV
ont la durée annoncée et sont silencieuses là où un masque est déclaré ; que les chronologies portent les mêmes masques que le
reçu. Avec le paquet fermé : son empreinte, à comparer avec celle que le service annonce et que son journal des accès garde.
Sortie : une ligne par défaut. Code 0 : rien à redire ; 1 : au moins un défaut ; 2 : dossier illisible.
"""

import array
import hashlib
import json
import pathlib
import re
import sys
import wave

EMPREINTES = "EMPREINTES.sha256"
COTES = {"caller": (0,), "agents": (1,), "both": (0, 1)}


def empreinte(chemin):
    """Le SHA-256 d'un fichier."""
    somme = hashlib.sha256()
    with chemin.open("rb") as fichier:
        for morceau in iter(lambda: fichier.read(1 << 20), b""):
            somme.update(morceau)
    return somme.hexdigest()


def sommes(dossier):
    """Les empreintes annoncées, par nom."""
    lues = {}
    for ligne in (dossier / EMPREINTES).read_text(encoding="utf-8").splitlines():
        trouve = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", ligne)
        if trouve is None or ".." in pathlib.PurePosixPath(trouve[2]).parts or trouve[2].startswith("/"):
            raise ValueError(f"{EMPREINTES} : ligne illisible : {ligne[:80]!r}")
        lues[trouve[2]] = trouve[1]
    return lues


def fichiers(dossier, annoncees):
    """Les défauts des fichiers."""
    for nom, annoncee in annoncees.items():
        chemin = dossier / nom
        if not chemin.is_file():
            yield f"{nom} : absent"
        elif empreinte(chemin) != annoncee:
            yield f"{nom} : modifié (son empreinte n'est pas celle annoncée)"
    for chemin in sorted(dossier.rglob("*")):
        nom = chemin.relative_to(dossier).as_posix()
        if chemin.is_file() and nom != EMPREINTES and nom not in annoncees:
            yield f"{nom} : en plus (aucune empreinte ne l'annonce)"


def piece(dossier, une, annoncees):
    """Les défauts d'un enregistrement, d'après le reçu."""
    nom = une["fichier"]
    court = pathlib.PurePosixPath(nom).stem
    wav, chronologie = f"ecoute/{court}.wav", f"chronologie/{court}.json"
    remis = une["remis"]
    for fichier, clef in ((nom, "flac_sha256"), (wav, "wav_sha256"), (chronologie, "chronologie_sha256")):
        if annoncees.get(fichier) != remis[clef]:
            yield f"{fichier} : le reçu lui donne une autre empreinte que {EMPREINTES}"
    meme = remis["flac_sha256"] == une["archive"]["flac_sha256"]
    if meme is not remis["identique_a_l_archive"]:
        yield f"{nom} : le reçu se contredit sur l'identité avec l'archive"
    if not meme and not une["masques"]:
        yield f"{nom} : diffère de l'archive sans qu'aucun masque ne soit déclaré"
    if (dossier / wav).is_file():
        yield from son(dossier / wav, wav, une)
    if (dossier / chronologie).is_file():
        dite = json.loads((dossier / chronologie).read_text(encoding="utf-8"))
        if dite.get("masques") != une["masques"]:
            yield f"{chronologie} : ses masques ne sont pas ceux du reçu"
        if dite.get("piece_id") != une["piece_id"] or dite.get("flac_sha256") != remis["flac_sha256"]:
            yield f"{chronologie} : parle d'un autre enregistrement que le reçu"


def son(chemin, nom, une):
    """Les défauts d'une copie WAV : sa durée, et le silence de ses masques."""
    try:
        with wave.open(str(chemin), "rb") as lu:
            voies, cadence, longueur = lu.getnchannels(), lu.getframerate(), lu.getnframes()
            brut = lu.readframes(longueur) if voies == 2 and lu.getsampwidth() == 2 else b""
    except (wave.Error, EOFError) as ennui:
        yield f"{nom} : illisible ({ennui})"
        return
    if voies != 2 or cadence != une["echantillons_par_seconde"] or longueur * 1000 // cadence != une["duree_ms"]:
        yield f"{nom} : n'a pas la durée ou la forme que dit le reçu"
        return
    mots = array.array("h", brut)
    if sys.byteorder == "big":
        mots.byteswap()
    for masque in une["masques"]:
        debut, fin = masque["de_ms"] * cadence // 1000, min(longueur, -(-masque["a_ms"] * cadence // 1000))
        if any(any(mots[2 * debut + cote : 2 * fin : 2]) for cote in COTES[masque["voie"]]):
            yield f"{nom} : du son reste sous le masque de {masque['de_ms']} à {masque['a_ms']} ms ({masque['voie']})"


def verifier(dossier):
    """Tous les défauts d'une remise ouverte."""
    annoncees = sommes(dossier)
    yield from fichiers(dossier, annoncees)
    if "recu.json" not in annoncees or not (dossier / "recu.json").is_file():
        yield f"recu.json : absent de {EMPREINTES} ou du dossier"
        return
    recu = json.loads((dossier / "recu.json").read_text(encoding="utf-8"))
    if recu.get("format") != "cti-export/1":
        yield f"recu.json : format inconnu ({recu.get('format')!r})"
        return
    if recu["masques"] != sum(len(une["masques"]) for une in recu["pieces"]):
        yield "recu.json : le nombre de masques n'est pas celui des enregistrements"
    for une in recu["pieces"]:
        yield from piece(dossier, une, annoncees)


def ferme(arguments):
    """Le défaut du paquet fermé, quand on l'a donné avec l'empreinte annoncée ; sans elle, son empreinte est montrée."""
    if not arguments:
        return
    vue = empreinte(pathlib.Path(arguments[0]))
    print(f"{vue}  {arguments[0]}", file=sys.stderr)
    if len(arguments) > 1 and arguments[1].lower() != vue:
        yield f"{arguments[0]} : n'a pas l'empreinte annoncée"


def main():
    """Le code de sortie."""
    if len(sys.argv) < 2:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    dossier = pathlib.Path(sys.argv[1])
    try:
        defauts = [*verifier(dossier), *ferme(sys.argv[2:])]
        nombre = len(sommes(dossier))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as ennui:
        sys.stderr.write(f"illisible : {ennui!r}\n")
        return 2
    for defaut in defauts:
        print(defaut)
    print(f"{nombre} fichiers, {len(defauts)} défauts", file=sys.stderr)
    return 1 if defauts else 0


if __name__ == "__main__":
    sys.exit(main())
