"""What the site says of the phones of pages: block ``[telephone]`` of cti.toml."""

from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

#: A shorter secret can be guessed.
_SECRET_LENGTH: Final = 16


class TelephoneSettings(BaseModel):
    """The phones of pages (their posts are in agents.toml, the PBX's certificate in pbx.toml)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The PBX's WebSocket as a browser reaches it; empty: as pbx.toml has it.
    adresse: str = ""
    #: How long the SIP credentials of one opening are good.
    validite_heures: float = Field(default=12.0, ge=0.01, le=24)
    #: STUN servers, ``stun:host:port``.
    stun: tuple[str, ...] = ()
    #: TURN servers, ``turn:host:port`` or ``turns:host:port``, with the secret that they share with us.
    turn: tuple[str, ...] = ()
    turn_secret: str = Field(default="", repr=False, validate_default=True)

    @field_validator("adresse")
    @classmethod
    def _a_websocket(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (parts.scheme in ("ws", "wss") and parts.hostname and not parts.query and not parts.fragment):
            raise PydanticCustomError("adresse", "an address such as wss://pbx.example.fr:8089/ws is expected")
        return url

    @field_validator("stun", "turn")
    @classmethod
    def _ice(cls, urls: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        name = str(info.field_name)
        if any(not url.startswith((f"{name}:", f"{name}s:")) for url in urls):
            raise PydanticCustomError("ice", f"each one begins with {name}: or {name}s:")
        return urls

    @field_validator("turn_secret")
    @classmethod
    def _shared(cls, secret: str, info: ValidationInfo) -> str:
        if info.data.get("turn") and len(secret) < _SECRET_LENGTH:
            raise PydanticCustomError("turn_secret", "needed by [telephone] turn: at least 16 characters (CTI_TURN_SECRET)")
        return secret
