"""One lane per call: fold the event, commit, then tell the listeners, then keep the promises.

Events enter by ``Pipeline.submit`` in the PBX's order and are folded at once; batches leave to the store, what happened to the
listeners, and promised reactions to whoever carries them out. What must never happen here: waiting for anything while a frame is
being read, telling a reaction before the commit, or letting one call's failure reach another call.
"""

from cti.pipeline.pipeline import Pipeline
from cti.pipeline.ports import Counters, Listener, Pace, Reaction, Runner, Store

__all__ = ["Counters", "Listener", "Pace", "Pipeline", "Reaction", "Runner", "Store"]
