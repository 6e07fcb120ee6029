"""cti: the telephony of a Service d'accès aux soins, between the PBX and medical regulation.

The map, one line per room; every room imports ``journey`` and nothing else (import-linter holds it):

    journey     what a call is: events, states, the journey itself. Pure.
    ami         the PBX: the only room that knows Asterisk exists
    routing     where a call should go, and why
    dossier     opening the dossier, exactly once
    callback    who must be called back, and in which order
    recording   the voice on the recorder's disk: is it there, is it sound
    archive     the voice once the call is over: sealed, stored, verified
    access      who may hear the voice, and the proof of who did
    listening   hearing it: what there is of a call, where its sound stands, by which ticket
    qos         how well we answer
    live        what is happening now
    agents      who works
    store       the only room that knows SQL
    api         the only room that speaks HTTP; reads and asks, never decides
    sandbox     a PBX of our own and simulated people
    pipeline    one lane per call: fold the event, commit, then tell the listeners
    settings    config/*.toml + environment -> one frozen settings object per room
    bootstrap   the only place that knows every room: builds, wires, starts, stops

The way of one frame: ami -> pipeline -> journey -> store -> live, qos -> api.
"""

__version__ = "0.1.0"
