"""The engine gives what transformers gives, however requests are batched, joined and cut."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma2Config,
    Gemma2ForCausalLM,
    Qwen3NextConfig,
    Qwen3NextForCausalLM,
)

from toishi.tools.workbench.errors import ModelUnavailable, ModelUnknown, RequestRefused
from toishi.tools.workbench.models.local import engine
from toishi.tools.workbench.models.local.model import LocalModel
from toishi.tools.workbench.models.local.network import Network, quiet
from toishi.tools.workbench.models.protocol import Message, Reply, Request, Sampling
from toishi.tools.workbench.models.registry import embedded_folders, open_model

INSTRUCTION = "Name the topic of the message: card, transfer, or something else. Be brief."
MESSAGES = ["Hi", "My card has not arrived yet", "Why?", "The transfer I made on Monday is still pending, why is that?"]


def ask(text: str, *, system: str = INSTRUCTION, replicate: int = 0, **sampling: Any) -> Request:
    messages = (Message("system", system), Message("user", text))
    return Request("local/tiny", messages, Sampling(**{"max_tokens": 10, **sampling}), seed=5, replicate=replicate)


def reference(folder: Path) -> Any:
    with quiet():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def prompt_tokens(folder: Path, request: Request) -> list[int]:
    conversation = [{"role": message.role, "content": message.content} for message in request.messages]
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokens: list[int] = tokenizer.apply_chat_template(conversation, add_generation_prompt=True, return_dict=False)
    return tokens


def generated(folder: Path, requests: Sequence[Request]) -> list[tuple[int, ...]]:
    """What transformers' own greedy `generate` answers, one request after another."""
    model = reference(folder)
    answers = []
    for request in requests:
        prompt = torch.tensor([prompt_tokens(folder, request)])
        with quiet():
            whole = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=request.sampling.max_tokens,
                do_sample=False,
            )
        answers.append(tuple(whole[0, prompt.shape[1] :].tolist()))
    return answers


async def answer(model: LocalModel, requests: Sequence[Request]) -> list[Reply]:
    return list(await asyncio.gather(*(model.generate(request) for request in requests)))


def tokens(replies: Sequence[Reply]) -> list[tuple[int, ...] | None]:
    return [reply.token_ids for reply in replies]


async def opened(folder: Path, **options: Any) -> LocalModel:
    """A model that is loaded: transformers cannot load two at a time, and the tests load their own to compare."""
    model = LocalModel("local/tiny", str(folder), **options)
    await model.generate(ask("warm", max_tokens=1))
    return model


@pytest.fixture
async def model(folder: Path) -> AsyncIterator[LocalModel]:
    model = await opened(folder)
    yield model
    await model.close()


@pytest.fixture
async def lfm2(folders: dict[str, Path]) -> AsyncIterator[LocalModel]:
    model = await opened(folders["lfm2"])
    yield model
    await model.close()


async def test_together_and_alone_it_answers_as_transformers_does(model: LocalModel, folder: Path) -> None:
    requests = [ask(text, max_tokens=length) for text, length in zip(MESSAGES, (10, 3, 25, 1), strict=True)]
    expected = generated(folder, requests)

    together = await answer(model, requests)
    alone = [await model.generate(request) for request in requests]

    assert tokens(together) == expected
    assert tokens(alone) == expected


async def test_the_shipped_model_answers_as_transformers_does() -> None:
    folder = embedded_folders()["embedded/mini"]
    model = open_model("embedded/mini")
    rules = "\n".join(f"If the message mentions {word}, answer {word}_topic." for word in ("card", "transfer", "cash"))
    requests = [ask(text, system=f"{INSTRUCTION}\n{rules}", max_tokens=20) for text in MESSAGES]

    replies = await asyncio.gather(*(model.generate(request) for request in requests))

    await model.close()
    assert tokens(replies) == generated(folder, requests)


async def test_rows_that_join_and_leave_change_nothing_for_the_others(
    model: LocalModel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ROWS", 3)
    systems = [INSTRUCTION, "Say yes or no: is the customer angry about something that we did?", "Echo"]
    requests = [
        ask(f"{text} {n}", system=systems[n % 3], max_tokens=1 + 5 * n % 23) for n, text in enumerate(MESSAGES * 4)
    ]

    assert tokens(await answer(model, requests)) == generated(folder, requests)


async def test_prefixes_are_reused_and_the_answers_stay_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    prefill = Network.prefill

    def record(self: Network, states: Any, suffixes: Sequence[Sequence[int]]) -> None:
        read.extend(map(len, suffixes))
        prefill(self, states, suffixes)

    monkeypatch.setattr(Network, "prefill", record)
    answers, amounts = [], []
    for reuse in (True, False):
        model = await opened(folder, reuse_prefixes=reuse)
        read.clear()
        answers.append(tokens(await answer(model, [ask(text) for text in MESSAGES * 2])))
        answers.append(tokens(await answer(model, [ask(text + "?") for text in MESSAGES])))
        amounts.append(sum(read))
        await model.close()

    assert answers[:2] == answers[2:]
    assert amounts[0] < amounts[1] / 2


async def test_samples_depend_on_the_request_and_on_nothing_beside_it(model: LocalModel) -> None:
    requests = [ask(text, temperature=1.0, top_p=0.9, replicate=n) for n in range(3) for text in MESSAGES]

    together = tokens(await answer(model, requests))
    alone = [(await model.generate(request)).token_ids for request in reversed(requests)]

    assert together == alone[::-1]
    assert len(set(together)) == len(requests)


async def test_log_probabilities_are_those_of_a_plain_forward_pass(model: LocalModel, folder: Path) -> None:
    requests = [ask(text, temperature=temperature) for text in MESSAGES for temperature in (0.0, 0.8)]

    replies = await answer(model, requests)

    network = reference(folder)
    for request, reply in zip(requests, replies, strict=True):
        assert reply.token_ids is not None
        assert reply.logprobs is not None
        prompt = prompt_tokens(folder, request)
        with torch.inference_mode():
            logits = network(torch.tensor([[*prompt, *reply.token_ids]])).logits[0, len(prompt) - 1 : -1]
        expected = torch.log_softmax(logits, dim=-1).gather(1, torch.tensor(reply.token_ids)[:, None])[:, 0]
        assert reply.logprobs == pytest.approx(expected.tolist(), abs=1e-4)


async def test_a_reply_that_reaches_its_limit_says_so(lfm2: LocalModel) -> None:
    reply = await lfm2.generate(ask("Hi", max_tokens=4))

    assert reply.finish_reason == "length"
    assert reply.completion_tokens == len(reply.token_ids or ()) == 4


async def test_a_reply_ends_at_any_end_token_of_the_generation_config(
    lfm2: LocalModel, folders: dict[str, Path], tmp_path: Path
) -> None:
    whole = (await lfm2.generate(ask("Hi"))).token_ids or ()
    shutil.copytree(folders["lfm2"], tmp_path / "ends")
    config = tmp_path / "ends" / "generation_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "eos_token_id": [1, whole[3]]}))
    model = LocalModel("local/tiny", str(tmp_path / "ends"))

    reply = await model.generate(ask("Hi"))

    await model.close()
    assert reply.token_ids == whole[: whole.index(whole[3]) + 1]
    assert reply.finish_reason == "stop"


async def test_counted_tokens_are_those_of_the_chat_template(lfm2: LocalModel, folders: dict[str, Path]) -> None:
    request = ask("What is “this”?\nCafé")

    count = lfm2.count_tokens(request)

    assert count == len(prompt_tokens(folders["lfm2"], request))
    assert count == (await lfm2.generate(request)).prompt_tokens


async def test_a_prompt_longer_than_the_window_is_refused_and_a_shorter_one_fills_it(lfm2: LocalModel) -> None:
    with pytest.raises(RequestRefused, match="has a window of 1024"):
        await lfm2.generate(ask("x" * 1024))

    reply = await lfm2.generate(ask("x" * 900, max_tokens=500))
    assert reply.prompt_tokens + reply.completion_tokens == 1024
    assert reply.finish_reason == "length"


async def test_a_cancelled_request_makes_room_for_the_next(lfm2: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ROWS", 1)
    loaded = lfm2._engine.network.result()
    loaded.window = None
    loaded.ends = frozenset()
    endless = asyncio.ensure_future(lfm2.generate(ask("Hi", max_tokens=10**9)))
    # The engine counts the endless request in before it looks at the next, which can only start when that one is gone.
    await asyncio.sleep(0)
    following = asyncio.ensure_future(lfm2.generate(ask("And now?", max_tokens=2)))
    await asyncio.sleep(0)
    assert not following.done()

    endless.cancel()

    assert (await following).completion_tokens == 2


async def test_closing_ends_what_is_unfinished_and_what_comes_later(folders: dict[str, Path]) -> None:
    model = await opened(folders["lfm2"])
    model._engine.network.result().window = None
    endless = asyncio.ensure_future(model.generate(ask("Hi", max_tokens=10**9)))
    await asyncio.sleep(0)

    await model.close()

    for late in (endless, model.generate(ask("Hi"))):
        with pytest.raises(ModelUnavailable, match="local/tiny was closed"):
            await late


async def test_an_error_in_the_network_is_told_and_the_engine_goes_on(
    lfm2: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await answer(lfm2, [ask(text) for text in MESSAGES])

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(Network, "decode", fail)
        with pytest.raises(ModelUnavailable, match="local/tiny failed: RuntimeError: out of memory"):
            await lfm2.generate(ask("Hi"))

    assert tokens(await answer(lfm2, [ask(text) for text in MESSAGES])) == tokens(expected)


async def test_weights_that_lack_a_part_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(folders["llama"], tmp_path / "half")
    weights = load_file(tmp_path / "half" / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tmp_path / "half" / "model.safetensors", metadata={"format": "pt"})
    model = LocalModel("local/half", str(tmp_path / "half"))

    with pytest.raises(ModelUnknown, match=r"local/half cannot be loaded: its weights lack .*mlp\.up_proj"):
        await model.generate(ask("Hi"))
    await model.close()


async def test_an_adapter_is_served_like_a_model(folders: dict[str, Path], tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    adapted: Any = get_peft_model(
        reference(folders["llama"]), LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(folders["llama"] / name, tmp_path / name)
    model = await opened(tmp_path)

    replies = await answer(model, [ask(text) for text in MESSAGES])

    await model.close()
    for text, reply in zip(MESSAGES, replies, strict=True):
        prompt = torch.tensor([prompt_tokens(folders["llama"], ask(text))])
        with quiet():
            whole = adapted.generate(
                input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=10, do_sample=False
            )
        assert reply.token_ids == tuple(whole[0, prompt.shape[1] :].tolist())


async def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    model = LocalModel("local/nothing", str(tmp_path))

    with pytest.raises(ModelUnknown, match="local/nothing"):
        await model.generate(ask("Hi"))
    with pytest.raises(ModelUnknown, match="local/nothing"):
        model.count_tokens(ask("Hi"))
    await model.close()


@pytest.mark.parametrize("kind", ["softcap", "recurrent"])
async def test_an_architecture_that_cannot_be_served_is_refused(
    kind: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    sizes: dict[str, Any] = {"vocab_size": 261, "hidden_size": 8, "num_hidden_layers": 1}
    heads: dict[str, Any] = {"num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8, "intermediate_size": 8}
    shutil.copytree(folders["llama"], tmp_path / kind)
    with quiet():
        if kind == "softcap":
            Gemma2ForCausalLM(Gemma2Config(**sizes, **heads)).save_pretrained(tmp_path / kind)
        else:
            Qwen3NextForCausalLM(
                Qwen3NextConfig(
                    **sizes, **heads, layer_types=["linear_attention"], num_experts=2, num_experts_per_tok=1
                )
            ).save_pretrained(tmp_path / kind)
    model = LocalModel("local/other", str(tmp_path / kind))

    with pytest.raises(ModelUnknown, match=r"local/other cannot be served in this process .* serve it with vLLM"):
        await model.generate(ask("Hi"))
    await model.close()
