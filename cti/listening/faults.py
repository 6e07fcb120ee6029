"""Why a recording is not heard; each message is French, for the person who asked."""


class NoSound(LookupError):
    """There is nothing to hear. ``gone``: there was once."""

    def __init__(self, why: str, *, gone: bool = False) -> None:
        super().__init__(why)
        self.gone = gone


class SoundDamaged(RuntimeError):
    """What lies in the archive is not what was put there; nothing of it is given."""


class OutOfReach(OSError):
    """The archive, or the recorder's disk, does not answer now: to be asked again."""


class TicketOver(PermissionError):
    """This listening is over. ``late``: its time is; otherwise the account or the token that opened it is closed."""

    def __init__(self, why: str, *, late: bool) -> None:
        super().__init__(why)
        self.late = late
