"""What everybody who asks an identity provider must expect."""


class ProviderDown(Exception):
    """The provider does not answer as it should; the message says what, in French."""
