"""The archive, wired: the recorder's disk behind it, the store beside it, the calls before it.

``disk`` is the recorder's folder as the archive sees it, ``opening`` builds the worker of a site, ``keeper`` runs it in a thread
of its own, ``growing`` and ``proving`` watch over what is being written and what was; ``beside`` is all of it for the service,
``telling`` what the verbs say, ``sandboxed`` the archive of a sandbox site. Nothing here may hold up a call. Nothing here decides
how a piece is sealed or whether it is sound.
"""
