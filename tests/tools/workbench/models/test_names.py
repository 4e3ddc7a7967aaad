"""How names are read."""

import pytest

from toishi.tools.workbench.models.names import endpoint_of, split_address, usual_concurrency


@pytest.mark.parametrize(
    ("name", "model", "address", "endpoint", "concurrency"),
    [
        ("openai/gpt-5-mini", "openai/gpt-5-mini", None, "openai", 16),
        (
            "openai/mine@http://127.0.0.1:8000/v1",
            "openai/mine",
            "http://127.0.0.1:8000/v1",
            "http://127.0.0.1:8000",
            16,
        ),
        ("mine@https://llm.example.org", "mine", "https://llm.example.org", "https://llm.example.org", 16),
        ("vertex_ai/claude@20250101", "vertex_ai/claude@20250101", None, "vertex_ai", 16),
        ("embedded/mini@0a1b2c3d", "embedded/mini@0a1b2c3d", None, "embedded/mini@0a1b2c3d", 40),
        ("local/models/mine", "local/models/mine", None, "local/models/mine", 40),
    ],
)
def test_a_name_tells_model_address_and_endpoint(
    name: str, model: str, address: str | None, endpoint: str, concurrency: int
) -> None:
    assert split_address(name) == (model, address)
    assert endpoint_of(name) == endpoint
    assert usual_concurrency(name) == concurrency


def test_models_behind_one_server_share_an_endpoint() -> None:
    assert endpoint_of("openai/a@http://h:1/v1") == endpoint_of("hosted_vllm/b@http://h:1/v1")
    assert endpoint_of("openai/a@http://h:1/v1") != endpoint_of("openai/a@http://h:2/v1")
