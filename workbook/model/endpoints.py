"""Where data comes from and where it goes: the objects under ``from`` and ``to``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from sheetline.workbook.model.base import Character, Count, Encoding, Listed, Model, Name, Names, Pattern, repeated
from sheetline.workbook.problems import Problem, problem, quoted

TextCompression = Literal["infer", "none", "gzip", "bz2", "xz", "zstd"]
SourceCompression = Literal["infer", "none", "gzip", "bz2", "xz", "zstd", "zip"]
ParquetCompression = Literal["zstd", "snappy", "gzip", "brotli", "lz4", "none"]
Quoting = Literal["minimal", "all", "nonnumeric", "none"]

_PATH = "The file, relative to the workbook file; a URL works where fsspec knows its scheme."
_COMPRESSION = 'How the file is packed; "infer" looks at the ending of its name.'


class Endpoint(Model):
    """A place of data, of some ``type``."""

    type: str

    @property
    def location(self) -> str | None:
        """The path, or None for data handed over in memory."""
        return getattr(self, "path", None)


class _Csv(Endpoint):
    """What reading and writing of CSV have in common."""

    type: Literal["csv"] = Field(description="Text with separated values.")
    path: Name = Field(description=_PATH)
    delimiter: Character = Field(default=",", description="What separates the fields.")
    quote: Character | None = Field(default='"', description="What encloses fields; null: nothing does.")
    header: bool = Field(default=True, description="Whether the first line holds the names.")
    encoding: Encoding = Field(default="utf-8", description="The encoding of the text, as Python names it.")
    decimal: Character = Field(default=".", description="The decimal point.")

    def rules(self) -> Iterator[Problem]:
        """Characters with different jobs must differ."""
        jobs = {
            "delimiter": self.delimiter,
            "quote": self.quote,
            "decimal": self.decimal,
            "thousands": getattr(self, "thousands", None),
            "comment": getattr(self, "comment", None),
        }
        # The delimiter and the decimal point may coincide in quoted fields only: not worth the confusion.
        seen: dict[str, str] = {}
        for key, character in jobs.items():
            # A character may group thousands and separate fields at once: grouped numbers are then quoted.
            if character is None or (key == "thousands" and character == self.delimiter != self.decimal):
                continue
            if character in seen:
                where = key if key in self.model_fields_set else seen[character]
                yield problem((where,), "W206", key=quoted(seen[character]), other=quoted(key))
            seen.setdefault(character, key)


class CsvSource(_Csv):
    """A CSV file to read."""

    thousands: Character | None = Field(default=None, description="What groups thousands, such as 1,234.")
    nulls: Annotated[tuple[str, ...], Listed] = Field(default=("",), description="Texts that mean null.")
    comment: Character | None = Field(default=None, description="Lines that begin with it are left out.")
    skip: Count = Field(default=0, description="How many lines to leave out at the top.")
    compression: SourceCompression = Field(default="infer", description=_COMPRESSION)


class JsonlSource(Endpoint):
    """A file with one JSON object a line."""

    type: Literal["jsonl"] = Field(description="One JSON object a line.")
    path: Name = Field(description=_PATH)
    encoding: Encoding = Field(default="utf-8", description="The encoding of the text, as Python names it.")
    compression: SourceCompression = Field(default="infer", description=_COMPRESSION)


class ParquetSource(Endpoint):
    """A Parquet file to read."""

    type: Literal["parquet"] = Field(description="A Parquet file.")
    path: Name = Field(description=_PATH)


class FrameSource(Endpoint):
    """A pandas frame that is handed over when the workbook runs, under the sheet's name."""

    type: Literal["frame"] = Field(description="A frame given at run time by the sheet's name.")


class CsvTarget(_Csv):
    """A CSV file to write."""

    nulls: Annotated[tuple[str, ...], Listed] = Field(default=("",), description="The text that is written for null.")
    compression: TextCompression = Field(default="infer", description=_COMPRESSION)
    columns: Names | None = Field(default=None, description="The columns to write, in this order; all without it.")
    dates: Pattern | None = Field(default=None, description="The pattern for dates; ISO 8601 without it.")
    quoting: Quoting = Field(default="minimal", description="Which fields are enclosed in quotes.")

    def rules(self) -> Iterator[Problem]:
        """One text for null, no column twice, quotes where quoting needs them."""
        yield from super().rules()
        yield from repeated(self.columns or (), "columns")
        if len(self.nulls) != 1:
            got = f"{len(self.nulls)} texts"
            yield problem(("nulls",), "W107", key="'nulls'", expected="a list of one text here", got=got)
        if self.quote is None and self.quoting in ("all", "nonnumeric"):
            advice = 'remove "quoting", or give a quote character'
            yield problem(("quoting",), "W209", key="'quoting'", other='"quote": null', advice=advice)


class JsonlTarget(Endpoint):
    """A file to write with one JSON object a line."""

    type: Literal["jsonl"] = Field(description="One JSON object a line.")
    path: Name = Field(description=_PATH)
    encoding: Encoding = Field(default="utf-8", description="The encoding of the text, as Python names it.")
    compression: TextCompression = Field(default="infer", description=_COMPRESSION)


class ParquetTarget(Endpoint):
    """A Parquet file to write."""

    type: Literal["parquet"] = Field(description="A Parquet file.")
    path: Name = Field(description=_PATH)
    compression: ParquetCompression = Field(default="zstd", description="How pages are packed.")
    row_group: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Rows in a row group.")


class FrameTarget(Endpoint):
    """No file: the caller takes the frame from the run."""

    type: Literal["frame"] = Field(description="The caller takes the frame from the run.")


SourceEndpoint = Annotated[CsvSource | JsonlSource | ParquetSource | FrameSource, Field(discriminator="type")]
TargetEndpoint = Annotated[CsvTarget | JsonlTarget | ParquetTarget | FrameTarget, Field(discriminator="type")]

_PACKED: Final = (".gz", ".bz2", ".xz", ".zst")
_ENDINGS: Final[dict[str, dict[str, str]]] = {
    ".csv": {"type": "csv"},
    ".txt": {"type": "csv"},
    ".tsv": {"type": "csv", "delimiter": "\t"},
    ".jsonl": {"type": "jsonl"},
    ".ndjson": {"type": "jsonl"},
    ".parquet": {"type": "parquet"},
    ".pq": {"type": "parquet"},
}


def infer_endpoint(path: str) -> dict[str, str] | None:
    """Return the keys that the ending of a path tells (its type), or None when it tells nothing.

    >>> infer_endpoint("data/events.csv.gz"), infer_endpoint("data/events")
    ({'type': 'csv'}, None)
    """
    lower = path.lower()
    for packed in _PACKED:
        lower = lower.removesuffix(packed)
    for ending, keys in _ENDINGS.items():
        if lower.endswith(ending):
            return dict(keys)
    return None
