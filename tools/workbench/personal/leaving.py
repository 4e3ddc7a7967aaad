"""Which models are somewhere else, so that what they are sent leaves this machine.

It reads names and addresses only. Where it cannot tell, a model counts as elsewhere.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from toishi.tools.workbench.models.names import split_address

# Models of these run in the process, or are scripts of the tests.
HERE = ("embedded", "local", "scripted")

# Servers that people run themselves: the variables that say where, and whether that is on this machine by default.
_SERVERS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "ollama": (("OLLAMA_API_BASE",), True),
    "ollama_chat": (("OLLAMA_API_BASE",), True),
    "lm_studio": (("LM_STUDIO_API_BASE",), False),
    "hosted_vllm": (("HOSTED_VLLM_API_BASE",), False),
    "llamafile": (("LLAMAFILE_API_BASE",), True),
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), False),
}


def destination(model: str, base_url: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """Where a model is, as a person knows it (`openai`, `llm.example.org`); None where it is on this machine."""
    model, own = split_address(model)
    base_url = own or base_url
    prefix = model.partition("/")[0]
    if prefix in HERE:
        return None
    variables, is_here = _SERVERS.get(prefix, ((), False))
    address = base_url or next((environ[name] for name in variables if environ.get(name)), None)
    if address is None:
        # A local Ollama passes what its cloud models are asked on to its makers.
        is_cloud = prefix.startswith("ollama") and model.endswith(("-cloud", ":cloud"))
        return "ollama.com" if is_cloud else None if is_here else prefix
    host = urlsplit(address).hostname or address
    if _is_loopback(host):
        return destination(model, None, {}) if prefix.startswith("ollama") else None
    return host


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    # The address of every interface, as servers tell that they listen, is this machine's too.
    return address.is_loopback or address.is_unspecified
