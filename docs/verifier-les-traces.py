#!/usr/bin/env python3
"""Vérifie un journal des accès exporté, sans rien d'autre que Python (3.8 ou plus récent) et ce fichier.

    cti archive log --json > journal.jsonl
    python3 verifier-les-traces.py journal.jsonl [dossier-des-tetes | tete.txt ...]

Le journal est exporté entier, depuis sa première entrée. Chaque ligne est un objet JSON, sous la forme canonique RFC 8785
(clefs triées, sans espaces, UTF-8). Son « hash » est le SHA-256 du même objet sans « hash », sous la même forme ; son
« previous » est le « hash » de la ligne précédente, et 64 zéros pour la première. Une tête publiée nomme une entrée et son
empreinte : gardée ailleurs, elle montre qu'un journal a été réécrit ou que sa fin a été retirée.
Sortie : une ligne par défaut. Code 0 : rien à redire ; 1 : au moins un défaut ; 2 : fichier illisible.
"""

import hashlib
import json
import pathlib
import re
import sys

ZEROS = "0" * 64


def canonique(objet):
    """La forme de la RFC 8785, pour des objets de textes et d'entiers."""
    return json.dumps(objet, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def empreinte(entree):
    """Le SHA-256 de l'entrée sans le sien."""
    return hashlib.sha256(canonique({nom: valeur for nom, valeur in entree.items() if nom != "hash"})).hexdigest()


def lire(ligne):
    """Le numéro et les champs d'une ligne ; rien quand elle n'en est pas une."""
    try:
        entree = json.loads(ligne)
        numero, _ = entree["seq"], (entree["hash"], entree["previous"], empreinte(entree))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, None
    return (numero, entree) if type(numero) is int else (None, None)


def place(n, avant, numero, precedente):
    """Les défauts de la place d'une entrée, qui suit celle de ce numéro et de cette empreinte."""
    if n <= numero:
        yield f"entrée {n} : en double ou déplacée (après l'entrée {numero})"
    elif n == numero + 2:
        yield f"entrée {n - 1} : absente"
    elif n > numero + 2:
        yield f"entrées {numero + 1} à {n - 1} : absentes"
    elif avant != precedente:
        devant = f"l'entrée {numero}" if numero else "le début du journal"
        yield f"entrée {n} : ne suit pas {devant} telle qu'elle est (l'une des deux a été réécrite)"


def disputees(n, publiees, vraie, sure):
    """Les têtes publiées pour cette entrée qui ne lui ressemblent pas."""
    for jour, publiee in publiees:
        if publiee != vraie:
            ou = f"une entrée de {sure + 1} à {n} a été réécrite" if n else "elle ne dit rien d'un journal vide"
            yield f"tête publiée du {jour} : l'entrée {n} n'a pas cette empreinte ({ou})"


def verifier(lignes, tetes):
    """Les défauts du journal ; « tetes » donne les (jour, empreinte) publiées, par numéro d'entrée."""
    numero, precedente, sure = 0, ZEROS, 0
    yield from disputees(0, tetes.get(0, []), ZEROS, 0)
    for rang, ligne in enumerate(lignes, start=1):
        n, entree = lire(ligne)
        if entree is None:
            yield f"ligne {rang} : illisible"
            continue
        if canonique(entree) != ligne:
            yield f"entrée {n} : modifiée (sa ligne n'est pas sous sa forme canonique)"
        yield from place(n, entree["previous"], numero, precedente)
        if empreinte(entree) != entree["hash"]:
            yield f"entrée {n} : modifiée (son contenu n'a pas l'empreinte qu'elle porte)"
        if n <= numero:
            continue
        numero, precedente = n, entree["hash"]
        yield from disputees(n, tetes.get(n, []), precedente, sure)
        if any(publiee == precedente for _, publiee in tetes.get(n, [])):
            sure = n
    perdues = sorted((n, jour) for n, publiees in tetes.items() for jour, _ in publiees if n > numero)
    if perdues:
        n, jour = perdues[-1]
        yield f"entrées {numero + 1} à {n} : absentes (la tête publiée du {jour} les compte : fin du journal retirée)"


def lire_tetes(noms):
    """Les têtes de ces fichiers et dossiers."""
    tetes = {}
    for nom in noms:
        chemin = pathlib.Path(nom)
        for fichier in sorted(chemin.glob("*.txt")) if chemin.is_dir() else [chemin]:
            dit = dict(re.findall(r"^(jour|entree|empreinte) : (\S+)$", fichier.read_text(encoding="utf-8"), re.MULTILINE))
            tetes.setdefault(int(dit["entree"]), []).append((dit["jour"], dit["empreinte"]))
    return tetes


def main():
    """Le code de sortie."""
    if len(sys.argv) < 2:
        sys.stderr.write((__doc__ or "") + "\n")
        return 2
    try:
        tetes = lire_tetes(sys.argv[2:])
        lignes = [ligne for ligne in pathlib.Path(sys.argv[1]).read_bytes().split(b"\n") if ligne.strip()]
    except (OSError, ValueError, KeyError) as ennui:
        sys.stderr.write(f"illisible : {ennui!r}\n")
        return 2
    defauts = 0
    for defaut in verifier(lignes, tetes):
        defauts += 1
        print(defaut)
    print(f"{len(lignes)} entrées, {sum(map(len, tetes.values()))} têtes, {defauts} défauts", file=sys.stderr)
    return 1 if defauts else 0


if __name__ == "__main__":
    sys.exit(main())
