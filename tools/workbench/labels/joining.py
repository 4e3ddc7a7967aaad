"""Joins the labels beside the data to the rows that came without one.

What a row's own column says always wins. Of the labels beside it, only a confirmed one counts in validation and test; a
drafted one may serve as feedback; a refused one is none.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from toishi.tools.workbench.errors import DataError
from toishi.tools.workbench.labels.sidecar import STATUSES, Label, key_of, read_labels
from toishi.tools.workbench.task.data import DataSection

SUFFIX = ".labels.csv"


class Labels:
    """The labels by the inputs that they belong to. Of two for the same inputs, the more settled one counts."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self._by_key: dict[str, Label] = {}
        self._by_id: dict[str, Label] = {}
        for label in labels:
            known = self._by_key.setdefault(label.key, label)
            if known.status == label.status == "confirmed" and known.expected != label.expected:
                raise DataError(
                    f"the labels '{known.expected}' and '{label.expected}' are both confirmed for the same inputs "
                    f"(ids {known.id} and {label.id}); refuse one"
                )
            if _settled(label) > _settled(known):
                self._by_key[label.key] = label
            self._by_id[label.id] = label

    def of(self, inputs: Mapping[str, str]) -> Label | None:
        """The label of a row with these inputs, drafted or confirmed; None where there is none or it was refused."""
        key = key_of(inputs)
        # A row without an id of its own stands in the file under its key, also where an editor changed its text.
        label = self._by_key.get(key) or self._by_id.get(key)
        return None if label is None or label.status == "refused" or not label.expected else label


def labels_of(data: DataSection, folder: Path) -> Labels:
    """The labels of a task, none where nobody drafted any; `folder` is the project's, from which paths count."""
    return Labels(read_labels(labels_file(data, folder), data.inputs))


def labels_file(data: DataSection, folder: Path) -> Path:
    """Where the labels of a task's rows are kept: as it says, else beside its first file, and always in the project."""
    if data.labels is not None:
        return folder / data.labels
    first = Path(next(iter(data.files().values()), data.hf or ""))
    # A hub's data set lies nowhere here, and a file that was named by its absolute path outside, where only reading was
    # allowed.
    is_inside = data.hf is None and not first.is_absolute()
    return ((folder / first).parent if is_inside else folder) / f"{first.stem}{SUFFIX}"


def _settled(label: Label) -> int:
    return STATUSES.index(label.status) if label.status != "refused" else -1
