"""Which variable holds the key of which provider, and where its value is found: the environment, else the keyring.

A value is looked up when a call needs it and handed to that call; `redaction` knows it.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.models import stored_keys


@dataclass(frozen=True)
class Provider:
    """`prefix` of model names, `variables` of which one must be set, and a `model` that is good at a low price."""

    prefix: str
    variables: tuple[str, ...]
    model: str


PROVIDERS = (
    Provider("anthropic", ("ANTHROPIC_API_KEY",), "anthropic/claude-haiku-4-5"),
    Provider("openai", ("OPENAI_API_KEY",), "openai/gpt-5-mini"),
    Provider("gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "gemini/gemini-2.5-flash"),
    Provider("mistral", ("MISTRAL_API_KEY",), "mistral/mistral-small-latest"),
    Provider("deepseek", ("DEEPSEEK_API_KEY",), "deepseek/deepseek-chat"),
    Provider("groq", ("GROQ_API_KEY",), "groq/openai/gpt-oss-120b"),
    Provider("xai", ("XAI_API_KEY",), "xai/grok-code-fast-1"),
    Provider("openrouter", ("OPENROUTER_API_KEY",), "openrouter/openai/gpt-5-mini"),
)
"""In the order in which they are chosen where several keys are set."""

KEY_FOR_BASE_URL = "TOISHI_API_KEY"
"""Holds the key for the server at `base_url`, where it wants one."""


def provider_of(name: str) -> Provider | None:
    """The provider of a model name by its prefix, where it is one of those above."""
    prefix = name.partition("/")[0]
    return next((provider for provider in PROVIDERS if provider.prefix == prefix), None)


def set_variable(provider: Provider, environ: Mapping[str, str] = os.environ) -> str | None:
    """The name of the variable in which this provider's key stands, None where there is none."""
    return next((variable for variable in provider.variables if environ.get(variable)), None)


def stored_variable(provider: Provider) -> str | None:
    """The name of this provider's variable that was stored in the keyring, None where there is none."""
    stored = stored_keys.names()
    return next((variable for variable in provider.variables if variable in stored), None)


def find_key(variables: Sequence[str], environ: Mapping[str, str] = os.environ) -> str | None:
    """The first key there is under any of these names: in the environment, else in the keyring.

    Raises `UsageError` where the keyring holds it and does not give it.
    """
    return next((value for variable in variables if (value := environ.get(variable))), None) or next(
        (value for variable in variables if (value := stored_keys.read(variable))), None
    )


def way_to_a_key(variables: Sequence[str]) -> str:
    """How to give one, as the end of a sentence."""
    return f"set {' or '.join(variables)} in the environment, or store it once: toishi key set {variables[0]}"


def variable_of(name: str) -> str:
    """The variable that a person means by a provider's prefix or by the variable itself; `UsageError` for neither."""
    provider = next((provider for provider in PROVIDERS if provider.prefix == name.lower()), None)
    if provider is not None:
        return provider.variables[0]
    if re.fullmatch(r"[A-Z][A-Z0-9_]*_(KEY|TOKEN|SECRET)", name):
        return name
    prefixes = ", ".join(provider.prefix for provider in PROVIDERS)
    # What was given may be a key, so it is not repeated.
    raise UsageError(f"that is no provider known here ({prefixes}) and no variable's name such as COHERE_API_KEY")
