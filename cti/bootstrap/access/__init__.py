"""Accounts, rights and the log of accesses wired: for the API, for the command line, and the daily heads by themselves.

Enters: settings, the open store, the clock. Leaves: the desk that the API asks, lines for a terminal, head files in a folder.
Never here: a rule about a right or about the chain, which belong to ``access``.
"""
