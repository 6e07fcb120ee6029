"""What the site says of the phones of pages: block ``[telephone]`` of cti.toml."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from cti.ami.one_port.settings import OnePort, public_faults

#: A shorter secret can be guessed.
_SECRET_LENGTH: Final = 16


class TelephoneSettings(BaseModel):
    """The phones of pages (their posts are in agents.toml, the PBX's certificate in pbx.toml)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The PBX's WebSocket as a browser reaches it; empty: as pbx.toml has it.
    adresse: str = ""
    #: How long the SIP credentials of one opening are good.
    validite_heures: float = Field(default=12.0, ge=0.005, le=24)
    #: STUN servers, ``stun:host:port``.
    stun: tuple[str, ...] = ()
    #: TURN servers, ``turn:host:port`` or ``turns:host:port``, with the secret that they share with us.
    turn: tuple[str, ...] = ()
    turn_secret: str = Field(default="", repr=False, validate_default=True)
    #: Voice goes through the TURN servers and no other way.
    relais_seul: bool = Field(default=False, validate_default=True)
    #: Everything behind one HTTPS port, for `cti distance`; None: the site has other ways.
    port_unique: OnePort | None = None

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

    @field_validator("turn_secret")
    @classmethod
    def _plain(cls, secret: str) -> str:
        if any(sign.isspace() or not sign.isprintable() or sign in "#\"'" for sign in secret):
            raise PydanticCustomError("turn_secret", "no blanks, quotes or # in it: coturn reads it from a line of its file")
        return secret

    @field_validator("relais_seul")
    @classmethod
    def _by_a_relay(cls, alone: bool, info: ValidationInfo) -> bool:
        if alone and not info.data.get("turn"):
            raise PydanticCustomError("relais_seul", "needs a TURN server in [telephone] turn, or no voice goes through")
        return alone

    def disagreements(self, public_url: str) -> Iterator[str]:
        """What does not fit the address that people type, when everything is to be at one port."""
        if self.port_unique is not None:
            yield from (f"cti.toml: {fault}" for fault in public_faults(public_url, self.adresse, self.turn))
