"""What models are within reach here, found without a key's value, without litellm, torch, or a call that costs.

Three places are looked at: the environment (names of variables only), servers on loopback, and the model that ships
with the package. What was found is told with the reason, also where something is missing.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from toishi.tools.workbench.errors import ModelUnknown
from toishi.tools.workbench.models.keys import PROVIDERS, set_variable
from toishi.tools.workbench.models.registry import embedded_folders, local_extra_is_installed

PATIENCE = 0.5
"""Seconds for a server on loopback to answer."""


@dataclass(frozen=True)
class Found:
    """One thing that was looked at. `model` is a name to give in a task, None where nothing can be used as it is.

    `reason` says in one sentence what was seen; `base_url` belongs to the name where it is not None.
    """

    place: Literal["environment", "loopback", "package"]
    model: str | None
    reason: str
    base_url: str | None = None


@dataclass(frozen=True)
class Server:
    """A kind of server that people run on their own machine: where it listens, and how it lists its models."""

    title: str
    address: str
    path: str
    prefix: str
    names: Callable[[Any], list[str]]

    @property
    def base_url(self) -> str:
        """What calls to its models need; Ollama is called at its root, the others under `/v1`."""
        return self.address if self.prefix == "ollama_chat" else f"{self.address}/v1"


def _ollama_names(document: Any) -> list[str]:
    return [str(model["name"]) for model in document["models"]]


def _openai_names(document: Any) -> list[str]:
    return [str(model["id"]) for model in document["data"]]


SERVERS = (
    Server("Ollama", "http://127.0.0.1:11434", "/api/tags", "ollama_chat", _ollama_names),
    Server("vLLM", "http://127.0.0.1:8000", "/v1/models", "hosted_vllm", _openai_names),
    Server("LM Studio", "http://127.0.0.1:1234", "/v1/models", "lm_studio", _openai_names),
)


def discover(*, servers: Sequence[Server] = SERVERS, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Everything found, in the order of preference: keys, servers, the package. Takes at most about `PATIENCE`."""
    with ThreadPoolExecutor(max_workers=max(len(servers), 1)) as pool:
        listening = list(pool.map(_ask, servers))
    return [*_keys(environ), *(found for several in listening for found in several), *_package()]


def choose_default(found: Sequence[Found] | None = None) -> Found:
    """What `auto` stands for: the first that can be used; `ModelUnknown` with the way out where there is none."""
    for one in discover() if found is None else found:
        if one.model is not None:
            return one
    raise ModelUnknown(
        "no model is within reach: install the local extra (pip install 'toishi[local]') for the embedded one, set a "
        "provider's key such as OPENAI_API_KEY, or start Ollama, vLLM or LM Studio"
    )


def _keys(environ: Mapping[str, str]) -> list[Found]:
    found = []
    for provider in PROVIDERS:
        variable = set_variable(provider, environ)
        if variable is not None:
            found.append(Found("environment", provider.model, f"{variable} is set"))
    return found or [Found("environment", None, "no provider's key is set")]


def _ask(server: Server) -> list[Found]:
    """The models that a server lists; a server that does not answer as it should counts as absent."""
    # A proxy from the environment must not be asked for what is on this machine.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(server.address + server.path, timeout=PATIENCE) as response:
            names = server.names(json.load(response))
    except (URLError, OSError, ValueError):
        return [Found("loopback", None, f"no {server.title} answers at {server.address}")]
    except (KeyError, TypeError):
        return [Found("loopback", None, f"what answers at {server.address} is not {server.title}")]
    if not names:
        return [Found("loopback", None, f"{server.title} at {server.address} has no model")]
    reason = f"{server.title} at {server.address} lists it"
    return [Found("loopback", f"{server.prefix}/{name}", reason, server.base_url) for name in names]


def _package() -> list[Found]:
    names = list(embedded_folders())
    if not names:
        return [Found("package", None, "this installation has no embedded weights")]
    if not local_extra_is_installed():
        return [Found("package", None, f"{names[0]} needs the local extra: pip install 'toishi[local]'")]
    return [Found("package", name, "it ships with toishi, and torch is installed") for name in names]
