"""Where an expression stands, as far as it decides what the expression may be."""

from __future__ import annotations

from dataclasses import dataclass

from sheetline.formulas.bound import Space


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: its column and text, and what is around it.

    Attributes:
        here: the space of functions without arguments, such as ROWNUMBER().
        inside: the name of the aggregate, key or series function around it, or "".
        whole: whether it is the whole formula of its column.
        fitted: whether it is looked at as a whole column.
    """

    column: str | None
    text: str
    here: Space
    inside: str = ""
    whole: bool = False
    fitted: bool = False

    @property
    def part(self) -> Place:
        """The place of a part of what stands here."""
        if not self.whole:
            return self
        return Place(self.column, self.text, self.here, self.inside, fitted=self.fitted)
