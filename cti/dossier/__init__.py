"""Opening the dossier of a call when a human answers it, exactly once.

In come a journey and the fact that somebody picked up; out goes one ``DossierOpened`` event with the dossier's identity and
its readable yearly number, or an error that says "try again". Nothing here may ever open two dossiers for one call, classify a
call in the ARM's place, or hold a call up while a registry is slow.
"""
