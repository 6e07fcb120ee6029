"""Handing the voice over: one package for a requisition or a patient's request, with what proves it.

In come the archived pieces that a named person may export, the passages to be masked and the words of the request; out goes one
sealed package: sound, timeline, digests, receipt, and a note for a reader who has never seen us. What must never happen here: a
plain byte of sound on a disk, a sample changed that no mask names, half a package that looks like a whole one.
"""
