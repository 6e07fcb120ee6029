"""Keeping the voice: which calls must have audio, where it lies, whether it is sound, whether there is room for more.

In come a journey and the fact that the call is over; out go ``RecordingChecked`` events, whose ``problem`` is the French sentence
that a supervisor reads. Nothing here may ever change or delete a recording, follow a path out of the recordings' folder, or
call a file sound that it has not read.
"""
