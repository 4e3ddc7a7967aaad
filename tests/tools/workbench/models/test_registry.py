"""Opening models by name, and the sentences where that cannot be."""

import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from toishi.tools.workbench.errors import ModelUnknown, UsageError
from toishi.tools.workbench.models import registry
from toishi.tools.workbench.models.keys import PROVIDERS
from toishi.tools.workbench.models.registry import open_model, register


@pytest.mark.parametrize(
    ("name", "base_url", "sentence"),
    [
        ("", None, "'' names no model here"),
        ("scripted/x", None, "'scripted/x' names no model here"),
        ("embedded/maxi", None, "there is no embedded model 'maxi'; shipped with this installation: embedded/mini"),
        ("local/", None, "local/ names no folder"),
        ("local/./nothing", None, "local/./nothing names no folder"),
        ("openai/gpt-4o", None, "openai/gpt-4o needs a key: set OPENAI_API_KEY in the environment"),
        ("gemini/x", None, "gemini/x needs a key: set GEMINI_API_KEY or GOOGLE_API_KEY in the environment"),
        ("openai/gpt-4o", "127.0.0.1:8000", "base_url = '127.0.0.1:8000' is no address"),
    ],
)
def test_a_name_that_cannot_be_opened_is_answered_by_a_sentence(
    name: str, base_url: str | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider in PROVIDERS:
        for variable in provider.variables:
            monkeypatch.delenv(variable, raising=False)

    with pytest.raises(UsageError) as caught:
        open_model(name, base_url=base_url)

    assert str(caught.value).startswith(sentence)


def test_a_local_model_without_its_packages_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "NEEDS_LOCAL", ("a_package_that_nobody_has",))

    with pytest.raises(ModelUnknown, match=r"^embedded/mini needs the local extra: pip install 'toishi\[local\]'$"):
        open_model("embedded/mini")


def test_a_registered_prefix_is_opened_by_its_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_factories", {})
    opened: list[str] = []

    class ScriptedOpening(Exception):
        pass

    def factory(name: str) -> NoReturn:
        opened.append(name)
        raise ScriptedOpening

    register("scripted", factory)
    with pytest.raises(ScriptedOpening):
        open_model("scripted/parrot")

    assert opened == ["scripted/parrot"]


def test_a_folder_is_seen_from_the_project(tmp_path: Path) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)

    assert registry._local_source("local/models/mine", "models/mine", tmp_path) == str(tmp_path / "models/mine")
    assert registry._local_source("local/somebody/model", "somebody/model", tmp_path) == "somebody/model"


def test_naming_models_loads_nothing_heavy() -> None:
    code = """
import sys
from toishi.tools.workbench.models import discovery, gateway, registry
try:
    registry.open_model("openai/gpt-4o", base_url="http://127.0.0.1:1/v1")
finally:
    print([name for name in ("torch", "transformers", "litellm", "openai", "httpx", "tenacity") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
