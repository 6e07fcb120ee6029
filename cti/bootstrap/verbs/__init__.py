"""The verbs that stand apart from ``cti run``, and what every verb shares.

``shared`` holds the options, the folders and the errors said in one line; ``people`` what is told of and asked for people
(``cti rappels``, ``cti crise``, ``cti agents``); ``access`` accounts and who heard what (``cti user``, ``cti archive log``);
``pbx`` the sandbox PBX. A verb loads what it needs when it is called. What must never happen here: a decision, which belongs to a
room, or a library loaded for a verb that was not asked for.
"""
