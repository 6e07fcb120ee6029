"""Debian packages without root: which archive this machine trusts, a private apt, its progress, and the record of what came.

In come the machine's apt sources and a list of package names; out come verified `.deb` files in the cache.
Nothing here may change the machine's own package database, or trust an archive that the machine does not name.
"""
