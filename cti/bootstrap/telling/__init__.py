"""What the command line reads and writes in the store without the service: calls, figures, a replay, crisis mode, who sits where.

Enters: a period, a name, a file. Leaves: lines for a terminal, or rows in a store of their own. Never here: the running service.
"""
