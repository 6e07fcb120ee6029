"""What the API promises to programs: its operations, the shapes of its answers, and the OpenAPI document of both.

In come the operations of each subject; out goes the document made from them. Nothing here serves a request or reads a port,
and no route exists that the document does not show.
"""
