"""From a model's name to the model. Providers are looked up by the name's prefix and imported only then."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from toishi.tools.workbench.errors import ModelUnknown, UsageError
from toishi.tools.workbench.models.keys import provider_of, set_variable, stored_variable, way_to_a_key
from toishi.tools.workbench.models.names import split_address
from toishi.tools.workbench.models.protocol import Model

if TYPE_CHECKING:
    from toishi.tools.workbench.models.remote.batched import BatchBook
    from toishi.tools.workbench.models.remote.model import RemoteModel

Factory = Callable[[str], Model]

EMBEDDED = "toishi.tools.embedded"
"""The package of the shipped model: looked up by name, since the workbench imports no method."""

NEEDS_LOCAL = ("torch", "transformers")

_factories: dict[str, Factory] = {}


def register(prefix: str, factory: Factory) -> None:
    """Names that begin with `prefix`/ are opened by `factory` from now on."""
    _factories[prefix] = factory


def open_model(
    name: str,
    *,
    base_url: str | None = None,
    project: Path | None = None,
    timeout: float | None = None,
    price: tuple[float, float] | None = None,
    batches: "BatchBook | None" = None,
) -> Model:
    """The model of that name: `embedded/mini`, `local/<folder or hub id>`, or whatever litellm knows.

    `base_url` is the address of an OpenAI-compatible server, for names of the last kind that carry none themselves;
    `timeout` in seconds and `price` in US dollars per prompt and per completion token are for these too, and so is
    `batches`: where it is given, many requests at once are asked in batches, of which it is the record. Folders are
    relative to `project`. The first local model takes seconds to open, since torch is imported. Raises `ModelUnknown`
    where a package, a folder or a provider is missing, and `UsageError` where a key is.
    """
    prefix, _, rest = name.partition("/")
    if prefix in _factories:
        return _factories[prefix](name)
    if prefix == "embedded":
        return _open_local(name, str(_embedded_folder(name, rest)))
    if prefix == "local":
        return _open_local(name, _local_source(name, rest, project))
    if not name.strip() or prefix == "scripted":
        raise ModelUnknown(f"{name!r} names no model here; name one like openai/gpt-5-mini, ollama/… or embedded/mini")
    model, address = split_address(name)
    opened = _open_remote(model, address or base_url, timeout, price)
    if batches is None:
        return opened
    from toishi.tools.workbench.models.remote.batched import BatchedModel

    return BatchedModel(opened, batches)


def local_extra_is_installed() -> bool:
    """Whether the packages that local models need are there."""
    return all(find_spec(package) is not None for package in NEEDS_LOCAL)


def embedded_folders() -> dict[str, Path]:
    """The shipped models whose weights are there, by name."""
    from importlib import import_module

    if find_spec(EMBEDDED) is None:
        return {}
    weights: Path = import_module(EMBEDDED).WEIGHTS
    return {f"embedded/{folder.parent.name}": folder.parent for folder in sorted(weights.parent.glob("*/config.json"))}


def _open_local(name: str, source: str) -> Model:
    if not local_extra_is_installed():
        raise ModelUnknown(f"{name} needs the local extra: pip install 'toishi[local]'")
    from toishi.tools.workbench.models.local.model import LocalModel

    return LocalModel(name, source)


def _embedded_folder(name: str, rest: str) -> Path:
    folders = embedded_folders()
    if name not in folders:
        shipped = ", ".join(folders) or "none"
        raise ModelUnknown(f"there is no embedded model {rest!r}; shipped with this installation: {shipped}")
    return folders[name]


def _local_source(name: str, rest: str, project: Path | None) -> str:
    """A folder where there is one (the project's first), else what may be a hub id."""
    beside = project / rest if project is not None else Path(rest)
    folder = next((folder for folder in (beside, Path(rest).expanduser()) if folder.is_dir()), None)
    if rest and folder is not None:
        return str(folder)
    if rest.startswith((".", "/", "~")) or rest.count("/") != 1:
        raise ModelUnknown(
            f"{name} names no folder; write local/<folder>, seen from the project's folder, or a hub id as "
            "local/<owner>/<name>"
        )
    return rest


def _open_remote(
    name: str, base_url: str | None, timeout: float | None, price: tuple[float, float] | None
) -> "RemoteModel":
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise UsageError(f"base_url = {base_url!r} is no address; write one like http://127.0.0.1:8000/v1")
    provider = provider_of(name)
    if base_url is None and provider is not None and not (set_variable(provider) or stored_variable(provider)):
        raise UsageError(f"{name} needs a key: {way_to_a_key(provider.variables)}")
    from toishi.tools.workbench.models.remote.model import RemoteModel

    return RemoteModel(name, base_url=base_url, timeout=timeout, price=price)
