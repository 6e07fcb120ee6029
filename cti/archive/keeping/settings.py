"""The site's ``retention.toml``: the retention classes, each dated and with its source."""

from collections import Counter
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cti.archive.keeping.terms import RetentionClass, Rules, Since, When


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Classe(_Block):
    """``[[classes]]``: one version of one class."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")
    libelle: str = Field(min_length=1)
    quand: When
    a_compter_de: Since
    #: At least the five years of the arrêté: a class that keeps less is a fault, not a choice.
    duree_ans: int = Field(ge=5, le=100)
    depuis: date
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.a_compter_de is Since.NAISSANCE and self.quand is not When.NAISSANCE_CONNUE:
            raise PydanticCustomError("class", "a birth is counted from only where it is known (quand = 'naissance_connue')")
        if self.a_compter_de is Since.DERNIER_ACTE and self.quand is When.APPEL:
            raise PydanticCustomError("class", "a call without a dossier has no last act: count from 'fin_appel'")
        return self


class Eliminer(_Block):
    """``[eliminer]``: proposals."""

    #: At most so many pieces a proposal: somebody reads the list.
    lot: int = Field(default=1000, ge=1, le=20_000)
    #: Pieces past their time for so many days, with no proposal: told on the board.
    alerte_jours: int = Field(default=30, ge=0)


class RetentionSettings(_Block):
    """``retention.toml``."""

    classes: tuple[Classe, ...]
    eliminer: Eliminer = Eliminer()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        twice = [f"{code} {day}" for (code, day), n in Counter((c.code, c.depuis) for c in self.classes).items() if n > 1]
        if twice:
            raise PydanticCustomError("classes", "two versions of one class begin on the same day: {twice}", {"twice": twice})
        if not any(c.quand is When.APPEL for c in self.classes):
            raise PydanticCustomError("classes", "no class keeps every call (quand = 'appel')")
        return self

    @property
    def rules(self) -> Rules:
        """As the room computes with them."""
        return Rules(
            tuple(
                RetentionClass(c.code, c.libelle, c.quand, c.a_compter_de, c.duree_ans, c.depuis, c.source) for c in self.classes
            )
        )
