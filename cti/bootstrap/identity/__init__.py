"""An identity provider beside our own passwords: asked over HTTP, believed only when its signature and its claims are good.

Enters: the settings, the store, the clock. Leaves: a session for whoever is tied to an account. Never here: an account made
because a provider knows somebody, or a caller kept waiting because a provider is down.
"""
