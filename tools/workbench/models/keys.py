"""Which environment variable holds the key of which provider, and the model that stands for it by default.

Names only: the values of the variables are read by litellm and by nobody here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass


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


def provider_of(name: str) -> Provider | None:
    """The provider of a model name by its prefix, where it is one of those above."""
    prefix = name.partition("/")[0]
    return next((provider for provider in PROVIDERS if provider.prefix == prefix), None)


def set_variable(provider: Provider, environ: Mapping[str, str] = os.environ) -> str | None:
    """The name of the variable in which this provider's key stands, None where there is none."""
    return next((variable for variable in provider.variables if environ.get(variable)), None)
