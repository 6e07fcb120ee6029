"""The only place that knows every room: builds, wires, starts, stops.

Settings enter, a running service leaves. The clock, the tasks and the threads of the whole service are made here and nowhere
else. What must never happen here: a rule of the trade; a rule that needs two rooms belongs to one of them, behind a port of
its own. Nothing is imported here, so that a verb loads only what it needs: the service is `cti.bootstrap.service`.
"""
