"""Which models are on this machine, and which are not."""

import pytest

from toishi.tools.workbench.personal.leaving import destination


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("embedded/mini", None),
        ("local/Qwen/Qwen3-0.6B", None),
        ("scripted/rules", None),
        ("ollama_chat/llama3", None),
        ("ollama/llama3", "http://localhost:11434"),
        ("openai/anything", "http://127.0.0.1:8000/v1"),
        ("hosted_vllm/m", "http://[::1]:8000/v1"),
        ("openai/anything", "http://0.0.0.0:8000/v1"),
    ],
)
def test_a_model_on_this_machine_has_no_destination(model: str, base_url: str | None) -> None:
    assert destination(model, base_url, {}) is None


@pytest.mark.parametrize(
    ("model", "base_url", "place"),
    [
        ("openai/gpt-5-mini", None, "openai"),
        ("gpt-5-mini", None, "gpt-5-mini"),
        ("openai/anything", "https://llm.example.org/v1", "llm.example.org"),
        ("openai/anything", "http://192.168.1.5:8000/v1", "192.168.1.5"),
        ("openai/anything", "http://127.0.0.1.example.org/v1", "127.0.0.1.example.org"),
        ("openai/anything", "http://localhost.example.org/v1", "localhost.example.org"),
        ("hosted_vllm/m", None, "hosted_vllm"),
        ("ollama_chat/gpt-oss:120b-cloud", None, "ollama.com"),
        ("ollama_chat/gpt-oss:120b-cloud", "http://127.0.0.1:11434", "ollama.com"),
    ],
)
def test_a_model_elsewhere_has_one(model: str, base_url: str | None, place: str) -> None:
    assert destination(model, base_url, {}) == place


def test_the_address_may_stand_in_the_environment() -> None:
    assert destination("ollama_chat/llama3", None, {"OLLAMA_API_BASE": "http://gpu.example.org:11434"}) == (
        "gpu.example.org"
    )
    assert destination("openai/m", None, {"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"}) is None
    assert destination("openai/m", "https://example.org", {"OPENAI_BASE_URL": "http://127.0.0.1/v1"}) == "example.org"
