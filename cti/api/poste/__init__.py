"""What the page of a post asks for: its phone.

A person asks for her own post and for no other. What must never happen here: a password that is told to somebody who does not sit
there, or that is written to a log.
"""
