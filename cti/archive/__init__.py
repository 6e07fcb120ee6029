"""Where the voice goes once the call is over: sealed, stored, read back, verified.

In come a journey whose recordings were checked and the two voices of each as values; out go objects in a store that nobody reads
without a key, a row for each piece, and the names of whatever is late, missing or altered. Plain sound leaves the recorder's
folder only through memory. What must never happen here: plain sound in a file of ours, an object overwritten, a voice removed
from the recorder's disk before its sealed copy was read back.
"""
