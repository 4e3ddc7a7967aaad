"""A remote model at the tests' server, without any key from this machine."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from toishi.tools.workbench.models.remote.model import RemoteModel

if TYPE_CHECKING:
    from tests.servers.running import ModelServer


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TOISHI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
async def model(model_server: "ModelServer") -> AsyncIterator[RemoteModel]:
    model = RemoteModel("openai/rules", base_url=model_server.base_url)
    yield model
    await model.close()
