"""Handing the voice over, wired: the rights, the store and the shelf behind the room ``archive.exporting``, people before it.

``office`` decides, makes, closes and writes down; ``folder`` keeps closed packages for a while; ``desk`` serves the API and
``command`` the command line. The log of accesses is written before anything is given, and nothing plain ever touches a disk.
"""
