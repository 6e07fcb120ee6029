"""Suivre un poste depuis un autre logiciel : `CTI_JETON=… python bandeau.py https://sas.example.fr arm01`."""

import json
import os
import sys
import time
import urllib.error
import urllib.request


def messages(flux):
    """Chaque message du flux, en dictionnaire : event, data, et id pour ceux qui sont numérotés."""
    message = {}
    for ligne in flux:
        nom, _, valeur = ligne.decode().rstrip("\n").partition(": ")
        if nom in ("event", "data", "id"):
            message[nom] = valeur
        elif not nom and message:  # une ligne vide finit le message
            yield message
            message = {}


def appliquer(image, change):
    """L'image, avec ce qui a changé ; dans `calls` et `files`, ligne par ligne (null : la ligne n'est plus là)."""
    for partie, valeur in change.items():
        if partie in ("calls", "files"):
            lignes = {**image.get(partie, {}), **valeur}
            image[partie] = {nom: ligne for nom, ligne in lignes.items() if ligne is not None}
        else:
            image[partie] = valeur


def suivre(adresse, poste, jeton, montrer):
    """Montre l'image du poste à chaque changement ; se reconnecte à son dernier numéro, jusqu'à ce qu'on lui refuse."""
    image, dernier = {}, ""
    while True:
        entetes = {"Authorization": f"Bearer {jeton}", **({"Last-Event-ID": dernier} if dernier else {})}
        demande = urllib.request.Request(f"{adresse}/api/v1/poste/flux?poste={poste}", headers=entetes)
        try:
            with urllib.request.urlopen(demande, timeout=12) as flux:  # le service parle toutes les 5 s au moins
                for message in messages(flux):
                    donnees = json.loads(message["data"])
                    if message["event"] == "snapshot":
                        image.clear()  # l'image entière : la première, ou ce que l'on a manqué est trop ancien
                    if message["event"] in ("snapshot", "change"):
                        appliquer(image, donnees)
                        dernier = message["id"]
                        montrer(message, image)
                    elif message["event"] == "fin":
                        return donnees["detail"]
        except urllib.error.HTTPError as refus:
            if refus.code in (400, 401, 403, 404):  # le jeton ou le poste n'est pas, ou plus, le bon : insister ne sert à rien
                return json.load(refus)["detail"]
        except (OSError, ValueError):
            pass  # coupé : on recommence à `dernier`
        time.sleep(1)


def afficher(message, image):
    """Une ligne par appel du poste."""
    for appel in image["calls"].values():
        print(message["id"], appel["place"], appel["number"] or "numéro masqué", appel["dossier_ref"] or "", flush=True)


if __name__ == "__main__":
    print(suivre(sys.argv[1], sys.argv[2], os.environ["CTI_JETON"], afficher))
