"""Who acts: what every request that changes something has in common.

The name is what the person types (no accounts yet). It stays in the history and may go to the PBX, so it holds no control
characters.
"""

from pydantic import Field

from cti.api.edge.reading import Asked

#: No control character: what is written here is shown on one line and may go through AMI.
PLAIN = r"^[^\x00-\x1f\x7f]+$"
#: What may be answered instead of doing what was asked, by every act on one call, post or entry.
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 503)


class Act(Asked):
    """Who acts."""

    by: str = Field(pattern=PLAIN, min_length=1, max_length=64)

    @property
    def who(self) -> str:
        """The name without the spaces around it, unless it is made of spaces."""
        return self.by.strip() or self.by
