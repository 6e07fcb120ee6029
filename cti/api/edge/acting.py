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
#: What may be answered instead of doing what was asked, by every act on one call, post or entry.
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 503)


def _may_be_absent(schema: dict[str, Any]) -> None:
    """For the document: read after the name of the person has been put in its place."""
    required = [name for name in schema.get("required", []) if name != "by"]
    schema.pop("required", None)
    if required:
        schema["required"] = required


class Act(Asked):
    """Who acts."""

    model_config = ConfigDict(json_schema_extra=_may_be_absent)

    by: str = Field(
        pattern=PLAIN,
        min_length=1,
        max_length=64,
        description="qui agit ; inutile quand une personne est connectée, car son nom est pris",
    )

    @property
    def who(self) -> str:
        """The name without the spaces around it, unless it is made of spaces."""
        return self.by.strip() or self.by
