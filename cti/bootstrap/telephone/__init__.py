"""The phones of pages wired: who sits at a browser post is given SIP credentials, and the PBX is made to forget those of others.

Wishes enter from the api and changes from the posts; passwords leave for the page and for the PBX's own database, which is the
only memory of them. What must never happen here: a password in a log or in a file of ours.
"""
