"""Nobody listens: what the door and the routes ask of listening where a test is about something else."""

from typing import Any


class NobodyListens:
    """No listening is open; whatever else is asked is a fault of the test."""

    async def holder(self, ecoute_id: str, secret: str, client: str) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of nobody")
