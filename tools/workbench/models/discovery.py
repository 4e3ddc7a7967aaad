"""What models are within reach here, found without a key's value, without litellm, torch, or a call that costs.

Four places are looked at: the environment and the keyring (names of variables only), servers on loopback, and the model
that ships with the package. What was found is told with the reason, also where something is missing.
"""

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from toishi.tools.workbench.errors import ModelUnknown
from toishi.tools.workbench.models.keys import PROVIDERS, set_variable, stored_variable
from toishi.tools.workbench.models.registry import embedded_folders, local_extra_is_installed

PATIENCE = 0.5
"""Seconds for a server on loopback to answer."""


@dataclass(frozen=True)
class Found:
    """One thing that was looked at. `model` is a name to give in a task, None where nothing can be used as it is.

    `reason` says in one sentence what was seen; `base_url` belongs to the name where it is not None.
    """

    place: Literal["environment", "keyring", "loopback", "package"]
    model: str | None
    reason: str
    base_url: str | None = None

    @property
    def name(self) -> str | None:
        """What to write in a task: the model, and its address where it has one."""
        return self.model if self.base_url is None else f"{self.model}@{self.base_url}"


@dataclass(frozen=True)
class Server:
    """A kind of server that people run on their own machine: where it listens, and how it lists its models.

    `owner` is who owns the models that it lists; a server that says otherwise, or where it is None, is known by no more
    than that it is compatible with OpenAI's.
    """

    title: str
    address: str
    path: str = "/v1/models"
    prefix: str = "openai"
    owner: str | None = None

    @property
    def base_url(self) -> str:
        """What calls to its models need; Ollama is called at its root, the others under `/v1`."""
        return self.address if self.prefix == "ollama_chat" else f"{self.address}/v1"

    def seen_in(self, document: Any) -> "Server":
        """What it is, by what it lists."""
        owners = {model.get("owned_by") for model in document.get("data", [])}
        if self.owner is None or owners <= {self.owner}:
            return self
        return replace(self, title="a server like OpenAI's", prefix="openai")

    def names(self, document: Any) -> list[str]:
        """The models that it lists."""
        if self.prefix == "ollama_chat":
            return [str(model["name"]) for model in document["models"]]
        return [str(model["id"]) for model in document["data"]]


OLLAMA = Server("Ollama", "http://127.0.0.1:11434", "/api/tags", "ollama_chat")

SERVERS = (
    OLLAMA,
    # `transformers serve` and many others listen there too.
    Server("vLLM", "http://127.0.0.1:8000", prefix="hosted_vllm", owner="vllm"),
    Server("LM Studio", "http://127.0.0.1:1234", prefix="lm_studio"),
    Server("llama.cpp", "http://127.0.0.1:8080", owner="llamacpp"),
    Server("SGLang", "http://127.0.0.1:30000", owner="sglang"),
    Server("Jan", "http://127.0.0.1:1337"),
)


def servers_here(environ: Mapping[str, str] = os.environ) -> tuple[Server, ...]:
    """Those of `SERVERS`, with Ollama where `OLLAMA_HOST` says, if that is on this machine."""
    host = environ.get("OLLAMA_HOST", "")
    parts = urlsplit(host if "://" in host else f"http://{host}")
    try:
        name, port = parts.hostname or "127.0.0.1", parts.port or (11434 if "://" not in host else 80)
    except ValueError:
        return SERVERS
    # Told to listen everywhere, it listens here too.
    here = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}
    if not host or name not in here:
        return SERVERS
    return tuple(replace(one, address=f"http://{here[name]}:{port}") if one is OLLAMA else one for one in SERVERS)


def discover(*, servers: Sequence[Server] | None = None, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Everything found, in the order of preference: keys, servers, the package. Takes at most about `PATIENCE`."""
    servers = servers_here(environ) if servers is None else servers
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
    for provider in PROVIDERS:
        variable = stored_variable(provider)
        if variable is not None and set_variable(provider, environ) is None:
            found.append(Found("keyring", provider.model, f"{variable} is stored"))
    return found or [Found("environment", None, "no provider's key is set")]


def _ask(server: Server) -> list[Found]:
    """The models that a server lists; a server that does not answer as it should counts as absent."""
    # A proxy from the environment must not be asked for what is on this machine.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(server.address + server.path, timeout=PATIENCE) as response:
            document = json.load(response)
        server = server.seen_in(document)
        names = server.names(document)
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        return [Found("loopback", None, f"no {server.title} answers at {server.address}")]
    except (AttributeError, KeyError, TypeError):
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
