"""litellm, which is imported here and nowhere else: late, in a thread, without network and without telemetry.

Its HTTP clients are shared by all models of the process; the last model that closes closes them.
"""

import os
import sys
import threading
import warnings
from importlib import import_module
from typing import Any
from weakref import WeakSet

_importing = threading.Lock()
_open_models: WeakSet[object] = WeakSet()


def litellm() -> Any:
    """The library, quiet; takes seconds the first time."""
    with _importing:
        if "litellm" not in sys.modules:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            # Its types, some of which are made at the first call, are not to pydantic's taste.
            warnings.filterwarnings("ignore", message=".*using the `ReadOnly` qualifier", category=UserWarning)
        library: Any = import_module("litellm")
        library.suppress_debug_info = True
        library.telemetry = False
    return library


def opened(model: object) -> None:
    """Takes note of a model that may hold connections."""
    _open_models.add(model)


async def closed(model: object) -> None:
    """Closes the connections when no other model is open; they open again when needed."""
    _open_models.discard(model)
    if _open_models or "litellm" not in sys.modules:
        return
    library = litellm()
    await library.close_litellm_async_clients()
    # A closed client must not be found again.
    library.in_memory_llm_clients_cache.flush_cache()
