"""Who acts: what every request that changes something has in common.

A person who signed in, or who shows her token, acts under the name of her account's person: whatever is typed, that name is
taken, and nothing need be typed. The site types a name and is believed, as anybody who may use its token is. The name stays in
the history and may go to the PBX, so it holds no control characters.
"""

from typing import Any

from pydantic import ConfigDict, Field

from cti.api.edge.reading import Asked

#: No control character: what is written here is shown on one line and may go through AMI.
PLAIN = r"^[^\x00-\x1f\x7f]+$"
#: The same, with something in it.
LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
#: What may be answered instead of doing what was asked, by every act on one call, post or entry.
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 503)


class Act(Asked):
    """Who acts."""

    by: str = Field(
        "",
        pattern=rf"^$|{PLAIN}",
        max_length=64,
        description="qui agit ; inutile quand une personne est connectée, car son nom est pris",
    )

    @property
    def who(self) -> str:
        """The name without the spaces around it; it is never empty (``reading.read_body``)."""
        return self.by.strip()


def exactly_one(*names: str) -> ConfigDict:
    """For the document: of these fields one says something, and one alone. The model checks the same."""
    only: list[Any] = [{"required": [name], "properties": {name: {"not": {"enum": [None, []]}}}} for name in names]
    return ConfigDict(json_schema_extra={"oneOf": only})
