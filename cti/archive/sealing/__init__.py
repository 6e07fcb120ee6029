"""Two voices become one sealed object: joined, compressed without loss, encrypted for several people, described by a manifest.

Values and bytes come in, bytes come out, all of it in memory. ``voices`` joins and compresses, ``keys`` seals and opens,
``manifest`` says in clear what lies in the store. Nothing here opens a file of sound.
"""
