"""The site's ``archive.toml``: where the sealed voice lies, for whom it is sealed, how hard the worker may work."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keys(_Block):
    """``[archive]``: whether, where, for whom."""

    #: Off until the site has its keys: without an offline key nothing may be sealed.
    actif: bool = False
    #: A folder, or ``s3://bucket/prefix``.
    magasin: str = Field(default="var/archive", min_length=1)
    #: The service's own identity file (0600), made by `cti archive keygen`.
    identite: Path = Path("var/archive.key")
    #: Public key of the offline recovery identity: what is left when the service's machine is lost.
    secours: str = Field(default="", validate_default=True)
    #: Public keys of whoever else must be able to open, each alone.
    destinataires: tuple[str, ...] = ()

    @field_validator("secours")
    @classmethod
    def _offline_key(cls, key: str, info: ValidationInfo) -> str:
        if info.data.get("actif") and not key:
            raise PydanticCustomError(
                "secours", "the public key of the offline recovery identity is needed (cti archive keygen --secours)"
            )
        return _sound(key)

    @field_validator("destinataires")
    @classmethod
    def _keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_sound(key) for key in keys)


def _sound(key: str) -> str:
    if key:
        from cti.archive.sealing.keys import recipient_fault  # noqa: PLC0415 - a site that archives nothing loads no cipher

        if fault := recipient_fault(key):
            raise PydanticCustomError("recipient", "{fault}", {"fault": fault})
    return key


class S3(_Block):
    """``[s3]``: only for a store whose address begins with ``s3://``; what is empty comes from the AWS_ variables."""

    endpoint: str = ""
    region: str = ""


class Work(_Block):
    """``[travail]``: bulk work is never in the way of a caller."""

    #: Above so many live calls what was left waits on the recorder's disk; a call that has just ended is sealed at once.
    appels_max: int = Field(default=40, ge=0)
    #: A file whose header says nothing and that nobody has touched for so long is finished.
    repos_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    #: So long after the end of a call its voice must be in the archive; later is said on the board.
    retard_seconds: int = Field(default=600, ge=10)
    #: How far back a start looks for recordings that were never taken up.
    rattrapage_jours: int = Field(default=60, ge=1, le=3650)


class Watching(_Block):
    """``[surveillance]``."""

    #: The recordings' folder must be (under) this mount point; empty: it is a plain folder.
    montage: str = ""
    #: A recording that did not grow for so long while people talk is told.
    fige_seconds: int = Field(default=60, ge=10)
    #: When the nightly proof runs, local time.
    preuve: str = Field(default="03:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")


class Exports(_Block):
    """``[exports]``: what is handed over."""

    #: Folder of the closed packages that wait to be fetched; a relative one stands in the service's own.
    dossier: Path = Path("exports")
    #: How long the service keeps a closed package; then it is removed, and the register stays.
    vie_heures: int = Field(default=72, ge=1, le=24 * 366)
    #: More sound than this is asked for in several packages: all of it is in memory at once.
    heures_max: float = Field(default=6.0, gt=0, le=24)
    #: Who hands over, and whom a reader may call: the first and the last lines of his note.
    etablissement: str = Field(default="Service d'accès aux soins", min_length=1, max_length=200)
    contact: str = Field(
        default="Le service qui vous a remis ce paquet, en citant la remise et la référence.", min_length=1, max_length=500
    )


class ArchiveSettings(_Block):
    """``archive.toml``."""

    archive: Keys = Keys()
    s3: S3 = S3()
    travail: Work = Work()
    surveillance: Watching = Watching()
    exports: Exports = Exports()

    def recipients(self, own: str) -> tuple[str, ...]:
        """Everybody for whom a piece is sealed; ``own`` is the service's public key."""
        keys = self.archive
        return tuple(dict.fromkeys((own, keys.secours, *keys.destinataires)))

    def store_options(self) -> dict[str, str]:
        """What the S3 client is told beside the address."""
        return {name: value for name, value in (("endpoint", self.s3.endpoint), ("region", self.s3.region)) if value}

    def remarks(self) -> list[str]:
        """What is no fault and will surprise all the same: a machine that only checks a configuration need not hold the key."""
        if not self.archive.actif:
            return ["archive.toml : [archive] actif = false : la voix reste en clair sur le disque des enregistrements"]
        from cti.archive.sealing.keys import KeyTrouble, read_identity  # noqa: PLC0415 - a start loads no cipher for this

        try:
            read_identity(self.archive.identite)
        except KeyTrouble as trouble:
            return [f"archive.toml : [archive] identite : {trouble}"]
        return []
