"""What every shape of an answer has in common."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """What is answered, to the field."""

    #: Nobody checks an answer against it while serving: it is built for the first who reads the document, not at each start.
    model_config = ConfigDict(extra="forbid", defer_build=True)
