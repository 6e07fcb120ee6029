"""The threshold of the api: what every request goes through before a handler sees it.

In come raw requests; out go checked models, or a problem (RFC 9457) in French that names what is wrong. No handler reads a
query, a body or a header by itself, and nothing past this point trusts the sender.
"""
