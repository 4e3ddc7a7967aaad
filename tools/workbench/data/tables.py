"""Rows of parquet and arrow files and of Hugging Face data sets, which come with the extra `[data]`.

All are read in batches, so that a data set larger than the memory is no trouble.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from toishi.tools.workbench.data.rows import Raw
from toishi.tools.workbench.errors import DataError

BATCH = 1000


def require_extra(package: str, name: str) -> None:
    """Raises `DataError` where the package that reads this is not installed."""
    if find_spec(package) is None:
        raise DataError(f"{name} needs the package {package}; install it with: pip install 'toishi[data]'")


class _Table(ABC):
    """What all have in common: rows are numbered from 1, and all have the same columns."""

    encoding = ""
    unit = "row"

    def __init__(self, name: str, notes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.notes = notes

    @abstractmethod
    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        """The rows in order, some at a time."""

    def rows(self) -> Iterator[Raw]:
        """The rows in order. Raises `DataError` where the file is damaged."""
        number = 0
        for batch in self._batches():
            for row in batch:
                number += 1
                yield Raw(number, row)


class _TableFile(_Table):
    """One file, read by pyarrow."""

    def __init__(self, file: Path, *, name: str) -> None:
        require_extra("pyarrow", name)
        super().__init__(name)
        self._file = file


class Parquet(_TableFile):
    """A parquet file."""

    format = "parquet"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names in the file's schema."""
        import pyarrow.parquet as pq

        with _told(self.name, "parquet"):
            return tuple(pq.read_schema(self._file).names)

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        import pyarrow.parquet as pq

        with _told(self.name, "parquet"), pq.ParquetFile(self._file) as opened:
            for batch in opened.iter_batches(batch_size=BATCH):
                yield batch.to_pylist()


class Arrow(_TableFile):
    """An arrow file, as a file with an index or as a stream, which is what `datasets` writes."""

    format = "arrow"

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names in the file's schema."""
        with _told(self.name, "arrow"), self._open() as opened:
            return tuple(opened.schema.names)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        from pyarrow import ipc, memory_map

        with memory_map(str(self._file)) as mapped:
            indexed = mapped.read(6) == b"ARROW1"
            mapped.seek(0)
            yield ipc.open_file(mapped) if indexed else ipc.open_stream(mapped)

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        with _told(self.name, "arrow"), self._open() as opened:
            count = getattr(opened, "num_record_batches", None)
            for batch in opened if count is None else (opened.get_batch(number) for number in range(count)):
                for start in range(0, batch.num_rows, BATCH):
                    yield batch.slice(start, BATCH).to_pylist()


class DataSet(_Table):
    """One split of a Hugging Face data set."""

    format = "hf"

    def __init__(self, dataset: Any, *, name: str) -> None:
        super().__init__(name)
        # Pictures and sounds would be decoded, by packages that are not there, to values that no text can be made of.
        self._dataset = dataset.with_format("arrow")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its features."""
        return tuple(self._dataset.column_names)

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        for table in self._dataset.iter(batch_size=BATCH):
            yield table.to_pylist()


def open_saved(folder: Path, *, name: str, split: str | None = None) -> dict[str, DataSet]:
    """The splits of a folder that `save_to_disk` wrote, by name; a data set without splits has the one name "".

    Raises `DataError` where the extra is missing, the folder is none, or `split` is not in it.
    """
    require_extra("datasets", name)
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except (OSError, ValueError) as error:
        raise DataError(f"{name} is no data set that `datasets` saved: {_first_line(error)}") from None
    return _splits(found, name, split)


def open_hub(hf: str, *, config: str | None = None, split: str | None = None) -> dict[str, DataSet]:
    """The splits of a data set on the Hugging Face hub, or of its copy on this machine, by name.

    Raises `DataError` where the extra or the network is missing, or there is no such data set, config or split.
    """
    require_extra("datasets", f"data.hf = '{hf}'")
    import datasets
    from datasets import exceptions

    datasets.disable_progress_bars()
    try:
        found = datasets.load_dataset(hf, config)
    except exceptions.DatasetNotFoundError:
        raise DataError(
            f"data.hf = '{hf}' is not on the Hugging Face hub, or needs a login (huggingface-cli login); "
            "write it as owner/name"
        ) from None
    except (ConnectionError, OSError) as error:
        raise DataError(
            f"data.hf = '{hf}' cannot be fetched ({_first_line(error)}); check the network, or save it where there is "
            "one with save_to_disk and name that folder as data.file"
        ) from None
    except ValueError as error:
        raise DataError(f"data.hf = '{hf}' cannot be opened: {_first_line(error)}") from None
    return _splits(found, hf, split)


def _splits(found: Any, name: str, split: str | None) -> dict[str, DataSet]:
    by_name = dict(found) if isinstance(found, dict) else {"": found}
    if split is not None:
        if split not in by_name:
            known = ", ".join(f"'{one}'" for one in by_name if one) or "none"
            raise DataError(f"{name} has no split '{split}'; its splits are {known}")
        return {"": DataSet(by_name[split], name=f"{name} ({split})")}
    return {key: DataSet(one, name=f"{name} ({key})" if key else name) for key, one in by_name.items()}


@contextmanager
def _told(name: str, kind: str) -> Iterator[None]:
    """Turns what pyarrow says of a damaged file into a sentence."""
    import pyarrow

    try:
        yield
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{name} is no {kind} file, or is damaged: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__
