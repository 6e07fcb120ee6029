"""Hearing a recording: what there is of a call, where its sound stands, by which ticket it is heard, what is drawn for review.

In come journeys, rows of pieces and samples as values; out go what a screen shows of a recording, bytes of a stereo file, peaks,
tickets, draws. Who may hear is decided elsewhere (``access``). What must never happen here: a file, a clock, a right decided.
"""
