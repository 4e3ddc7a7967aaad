"""What is found is told with its reason, what is missing too, and keys come before servers before the package."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from toishi.tools.workbench.errors import ModelUnknown
from toishi.tools.workbench.models import discovery, registry
from toishi.tools.workbench.models.discovery import SERVERS, Found, choose_default, discover, servers_here
from toishi.tools.workbench.models.keys import PROVIDERS

if TYPE_CHECKING:
    from tests.servers.running import ModelServer

NOWHERE = "http://127.0.0.1:9"
ABSENT = tuple(replace(server, address=NOWHERE) for server in SERVERS)


def test_with_nothing_around_the_embedded_model_is_left() -> None:
    found = discover(servers=ABSENT, environ={})

    assert found == [
        Found("environment", None, "no provider's key is set"),
        Found("loopback", None, f"no Ollama answers at {NOWHERE}"),
        Found("loopback", None, f"no vLLM answers at {NOWHERE}"),
        Found("loopback", None, f"no LM Studio answers at {NOWHERE}"),
        Found("loopback", None, f"no llama.cpp answers at {NOWHERE}"),
        Found("loopback", None, f"no SGLang answers at {NOWHERE}"),
        Found("loopback", None, f"no Jan answers at {NOWHERE}"),
        Found("package", "embedded/mini", "it ships with toishi, and torch is installed"),
    ]
    assert choose_default(found).model == "embedded/mini"


def test_servers_are_asked_for_their_models(model_server: "ModelServer") -> None:
    servers = tuple(replace(server, address=model_server.url) for server in SERVERS)

    found = [one for one in discover(servers=servers, environ={}) if one.place == "loopback"]

    assert [(one.model, one.base_url) for one in found] == [
        ("ollama_chat/rules", model_server.url),
        ("hosted_vllm/rules", model_server.base_url),
        ("lm_studio/rules", model_server.base_url),
        ("openai/rules", model_server.base_url),
        ("openai/rules", model_server.base_url),
        ("openai/rules", model_server.base_url),
    ]
    assert found[0].reason == f"Ollama at {model_server.url} lists it"
    # What says that it belongs to vLLM is not taken for llama.cpp, wherever it listens.
    assert found[3].reason == f"a server like OpenAI's at {model_server.url} lists it"
    assert choose_default(found) == found[0]


def test_what_answers_otherwise_is_not_taken_for_a_server(model_server: "ModelServer") -> None:
    ollama, vllm, *_ = (replace(server, address=model_server.url) for server in SERVERS)

    found = discover(servers=(replace(ollama, path=vllm.path), replace(vllm, path="/nothing")), environ={})

    assert [one.reason for one in found if one.place == "loopback"] == [
        f"what answers at {model_server.url} is not Ollama",
        f"no vLLM answers at {model_server.url}",
    ]


def test_a_key_is_told_by_its_name_and_goes_first(model_server: "ModelServer") -> None:
    vllm = replace(SERVERS[1], address=model_server.url)

    found = discover(servers=(vllm,), environ={"OPENAI_API_KEY": "sk-secret", "GOOGLE_API_KEY": "also-secret"})

    assert [(one.model, one.reason) for one in found if one.place == "environment"] == [
        ("openai/gpt-5-mini", "OPENAI_API_KEY is set"),
        ("gemini/gemini-2.5-flash", "GOOGLE_API_KEY is set"),
    ]
    assert choose_default(found).model == "openai/gpt-5-mini"
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("", "http://127.0.0.1:11434", id="unset"),
        pytest.param("127.0.0.1:11500", "http://127.0.0.1:11500", id="another port"),
        pytest.param("localhost", "http://127.0.0.1:11434", id="no port"),
        pytest.param("http://localhost:80", "http://127.0.0.1:80", id="with a scheme"),
        pytest.param("0.0.0.0:11500", "http://127.0.0.1:11500", id="everywhere, so also here"),
        pytest.param("[::1]:11500", "http://[::1]:11500", id="IPv6"),
        pytest.param("gpu.example.org:11500", "http://127.0.0.1:11434", id="elsewhere, which is not asked"),
        pytest.param("127.0.0.1:many", "http://127.0.0.1:11434", id="nonsense"),
    ],
)
def test_ollama_is_looked_for_where_it_was_told_to_listen(host: str, address: str) -> None:
    ollama, *others = servers_here({"OLLAMA_HOST": host})

    assert ollama.address == address
    assert tuple(others) == SERVERS[1:]


def test_a_stored_key_is_told_after_those_that_are_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "toishi").mkdir()
    (tmp_path / "toishi" / "keys.json").write_text('["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]')

    found = discover(servers=(), environ={"OPENAI_API_KEY": "sk-1"})

    assert [(one.place, one.reason) for one in found[:-1]] == [
        ("environment", "OPENAI_API_KEY is set"),
        ("keyring", "ANTHROPIC_API_KEY is stored"),
    ]


def test_without_any_model_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "NEEDS_LOCAL", ("a_package_that_nobody_has",))

    found = discover(servers=(), environ={})

    assert found[-1].reason == "embedded/mini needs the local extra: pip install 'toishi[local]'"
    with pytest.raises(ModelUnknown, match=r"no model is within reach: install the local extra"):
        choose_default(found)


def test_an_installation_without_weights_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "embedded_folders", dict)

    assert discover(servers=(), environ={})[-1] == Found("package", None, "this installation has no embedded weights")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_every_default_model_is_one_that_litellm_has_a_price_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from toishi.tools.workbench.models.remote.model import RemoteModel

    for provider in PROVIDERS:
        monkeypatch.setenv(provider.variables[0], "any")
        assert RemoteModel(provider.model).price() is not None, provider.model
