"""Reads CSV, TSV and JSON lines block by block, and tolerates malformed content."""

import codecs
import csv
import io
import json

from .cells import cells_up_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

    Block = Tuple[List[str], List[List[Any]]]

MOST_COLUMNS = 16384
_ROWS = 1000  # of a block
_CELLS = 200000  # of a block; wide rows fill it sooner
_LONGEST_LINE = 64 << 20  # characters
_LONGEST_CELL = 16 << 20
_SAMPLE = 1 << 16
_DELIMITERS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class UnreadableError(Exception):
    """The rest of a table cannot be read; the text says why."""


class Reader:
    """A text file. `notes` say what is odd about it.

    A block is the names of the columns so far, with some rows that have a value for each column.
    """

    def __init__(self, path: str, options: "Dict[str, Any]") -> None:
        self.path, self.options = path, options
        self.notes: "List[str]" = []
        self._undecodable = False

    def blocks(self) -> "Iterator[Block]":
        """Yield the blocks.

        Raises
        ------
        UnreadableError
            If the rest of the file cannot be read.
        """
        raise NotImplementedError

    def encoding(self) -> str:
        """Return the encoding of the file's byte order mark, else the given one, else UTF-8."""
        with open(self.path, "rb") as file:
            begin = file.read(4)
        given = str(self.options.get("encoding") or "utf-8")
        try:
            codecs.lookup(given)
        except LookupError:
            self.note("the encoding {!r} is not known, so it is read as UTF-8".format(given[:50]))
            given = "utf-8"
        return next((name for mark, name in _MARKS if begin.startswith(mark)), given)

    def open(self) -> "Any":
        """Open the file. Bytes that cannot be decoded are replaced and noted."""
        codecs.register_error("noted", self._replace)
        return io.open(self.path, encoding=self.encoding(), errors="noted", newline="")

    def note(self, text: str) -> None:
        """Note something odd once."""
        if text not in self.notes:
            self.notes.append(text)

    def _replace(self, error: "UnicodeError") -> "Tuple[str, int]":
        if not isinstance(error, UnicodeDecodeError):
            raise error
        self.note("it has bytes that are not {}".format(error.encoding.upper()))
        return "\ufffd" * (error.end - error.start), error.end

    def lines(self, file: "Any") -> "Iterator[str]":
        """Yield the lines of an open file. A line that is too long is an error."""
        try:
            while True:
                line = file.readline(_LONGEST_LINE)
                if not line:
                    return
                if len(line) >= _LONGEST_LINE:
                    raise UnreadableError("it has a line of more than {} characters".format(_LONGEST_LINE))
                yield line
        except UnicodeError as error:  # UTF-16 without a byte order mark
            raise UnreadableError(str(error))


class Delimited(Reader):
    """A CSV file with any delimiter."""

    def delimiter(self) -> str:
        """Return the given delimiter, else the most frequent one in the first line."""
        given = self.options.get("delimiter")
        if given:
            return str(given)
        with self.open() as file:
            line = file.readline(_SAMPLE)
        parts = line.split('"')[::2]  # outside quotes
        counts = {delimiter: sum(part.count(delimiter) for part in parts) for delimiter in _DELIMITERS}
        best = max(_DELIMITERS, key=lambda delimiter: counts[delimiter])
        return best if counts[best] else ","

    def blocks(self) -> "Iterator[Block]":
        """Yield the blocks. Rows of another length than the first are cut or filled, and noted."""
        with cells_up_to(_LONGEST_CELL), self.open() as file:
            try:
                reader = csv.reader(self.lines(file), delimiter=self.delimiter())
            except TypeError as error:
                raise UnreadableError(str(error))
            names: "List[str]" = []
            rows: "List[List[Any]]" = []
            try:
                for row in reader:
                    if not row:
                        continue
                    if not names:
                        names = self._names(row)
                        if self.options.get("header", True):
                            continue
                    rows.append(row if len(row) == len(names) else self._filled(row, len(names), reader.line_num))
                    if len(rows) >= _ROWS or len(rows) * len(names) >= _CELLS:
                        yield names, rows
                        rows = []
            except csv.Error as error:
                raise UnreadableError("line {}: {}".format(reader.line_num, error))
            finally:
                self._note_ragged()
            yield names, rows

    _ragged, _first_ragged = 0, 0

    def _names(self, row: "List[str]") -> "List[str]":
        if len(row) > MOST_COLUMNS:
            self.note("only the first {} of its {} columns are described".format(MOST_COLUMNS, len(row)))
        row = row[:MOST_COLUMNS]
        if self.options.get("header", True):
            return row
        return ["column{}".format(number) for number in range(1, len(row) + 1)]

    def _filled(self, row: "List[str]", length: int, line: int) -> "List[str]":
        if length < MOST_COLUMNS:
            self._ragged += 1
            self._first_ragged = self._first_ragged or line
        return (row + [""] * length)[:length]

    def _note_ragged(self) -> None:
        if self._ragged:
            many = "rows have" if self._ragged > 1 else "row has"
            text = "{} {} more or fewer cells than the first one, see line {}"
            self.note(text.format(self._ragged, many, self._first_ragged))


class JsonLines(Reader):
    """A file with a JSON object in each line. A column begins with the first row that has it."""

    def blocks(self) -> "Iterator[Block]":
        """Yield the blocks. A value that is missing in a row is None."""
        names: "Dict[str, int]" = {}
        block: "List[Dict[str, Any]]" = []
        with self.open() as file:
            for number, line in enumerate(self.lines(file), 1):
                if not line.strip():
                    continue
                try:
                    block.append(self._object(line, number, names))
                except UnreadableError:
                    yield self._rows(names, block)
                    raise
                if len(block) >= _ROWS or len(block) * len(names) >= _CELLS:
                    yield self._rows(names, block)
                    block = []
        yield self._rows(names, block)

    @staticmethod
    def _rows(names: "Dict[str, int]", block: "List[Dict[str, Any]]") -> "Block":
        return list(names), [[row.get(name) for name in names] for row in block]

    def _object(self, line: str, number: int, names: "Dict[str, int]") -> "Dict[str, Any]":
        try:
            value = json.loads(line, parse_int=_integer)
        except RecursionError:
            raise UnreadableError("line {} is nested too deeply".format(number))
        except ValueError as error:
            raise UnreadableError("line {} is not JSON: {}".format(number, error))
        if not isinstance(value, dict):
            raise UnreadableError("line {} is not a JSON object".format(number))
        for name in value:
            if name not in names and len(names) < MOST_COLUMNS:
                names[name] = len(names)
            elif name not in names:
                self.note("only its first {} columns are described".format(MOST_COLUMNS))
        return value


def _integer(digits: str) -> "Any":
    return int(digits) if len(digits) <= 300 else digits


def reader_of(path: str, form: str, options: "Dict[str, Any]") -> "Reader":
    """Return the reader for a text file of a form: csv, tsv or jsonl."""
    if form == "jsonl":
        return JsonLines(path, options)
    if form == "tsv" and not options.get("delimiter"):
        options = dict(options, delimiter="\t")
    return Delimited(path, options)
