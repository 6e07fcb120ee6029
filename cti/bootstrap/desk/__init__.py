"""The desks wired: what happens in the pipeline, on the board and about the posts, told to the page of each post.

Enters: journeys as they change, changes of the board, acts about posts, requests of the api. Leaves: numbered pictures, notes in
the store, a channel hung up. Never here: HTTP, or what may be done about a call, which belongs to ``live``.
"""
