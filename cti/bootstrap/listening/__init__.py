"""Listening, wired: pieces found in the pipeline and the store, their sound opened where it lies, tickets, quality draws.

``finding`` reads what there is of a call; ``sources``, ``memory`` and ``unsealing`` give any part of its sound, from the
recorder's disk or from the archive; ``desk`` is what the API asks; ``draws`` and ``drawing`` are the draws, for it and for the
command line. Whatever is heavy runs in a thread, and nothing plain is ever written. Who may hear is decided by ``access`` alone.
"""
