"""The shipped weights: a whole Hugging Face folder that other libraries can use and train."""

import csv
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from toishi.tools.embedded import WEIGHTS, evaluate, follow
from toishi.tools.embedded.make_tokenizer import main_tokenizer
from toishi.tools.workbench.textgrad.reflection import TEMPLATE, Record, ReflectionRequest, parse, render

HELD_OUT = Path(__file__).parents[3] / "assistant" / "demo" / "data" / "banking77.csv"
RULES = """Answer with the intent of the bank customer's message.
- arrive: card_arrival
- abroad: country_support
- fee: cash_withdrawal_charge
Otherwise: pin_blocked"""


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(WEIGHTS)


@pytest.fixture
def model() -> Any:
    return AutoModelForCausalLM.from_pretrained(WEIGHTS, dtype=torch.float32)


def test_the_folder_is_complete_and_small() -> None:
    names = {file.name for file in WEIGHTS.iterdir()}
    assert names >= {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "training_log.jsonl",
        "README.md",
    }
    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*")) <= 16_000_000


def test_the_weights_name_their_reflection_template_and_skills() -> None:
    known = json.loads((WEIGHTS / "config.json").read_text())["toishi"]
    assert known == {"reflection_template": TEMPLATE, "skills": ["follow", "write"]}


def test_the_shipped_tokenizer_is_the_one_that_the_code_makes(tokenizer: Any) -> None:
    shipped = Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
    assert shipped.get_vocab() == main_tokenizer().get_vocab()
    text = 'My Card_arrival\'s "top up"\n- x: y_z'
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert tokenizer(text)["input_ids"] == main_tokenizer().encode(text).ids


def say(model: Any, tokenizer: Any, chat: list[dict[str, str]], most: int) -> str:
    given = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        made = model.generate(**given, max_new_tokens=most, do_sample=False)
    return str(tokenizer.decode(made[0, given["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def test_it_follows_rules_with_labels_it_has_never_seen(model: Any, tokenizer: Any) -> None:
    chat = [{"role": "system", "content": RULES}, {"role": "user", "content": "When will my card arrive?"}]
    assert say(model, tokenizer, chat, 40) == "When will my card arrive: card_arrival"


def test_it_writes_a_rule_for_a_failed_example(model: Any, tokenizer: Any) -> None:
    request = ReflectionRequest(
        module="answer",
        instruction=RULES,
        records=[
            Record({"text": "When will my card arrive?"}, "When will my card arrive: card_arrival", "correct"),
            Record(
                {"text": "I forgot my passcode"},
                "otherwise: pin_blocked",
                "expected passcode_forgotten, got pin_blocked",
            ),
        ],
        max_characters=4000,
    )
    text = parse(say(model, tokenizer, [{"role": "user", "content": render(request)}], 200), request)
    assert ": passcode_forgotten" in text
    assert "- arrive: card_arrival" in text


def test_it_is_not_broken_on_held_out_messages_and_labels(model: Any) -> None:
    messages = evaluate.read(HELD_OUT)
    told = [follow.episode(Random(f"floor/{i}"), 10, 6, evaluate.some_labels(Random(i), messages, 8)) for i in range(6)]
    answers = evaluate.choices(model.eval(), main_tokenizer(), told)
    assert evaluate.share([all(right for right, _ in answer) for answer in answers]) >= 0.5


def test_lora_attaches_and_a_step_changes_the_loss(model: Any, tokenizer: Any) -> None:
    torch.manual_seed(0)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj", "w1", "w2", "w3", "in_proj"]))
    chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "a new answer"}]
    ids = tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"]
    optimizer = torch.optim.AdamW((p for p in tuned.parameters() if p.requires_grad), lr=1e-2)
    losses = []
    for _ in range(3):
        loss = tuned(input_ids=ids, labels=ids).loss
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < losses[0]


def test_the_held_out_file_is_there() -> None:
    with HELD_OUT.open(encoding="utf-8", newline="") as file:
        assert {"split", "text", "label"} <= set(next(csv.DictReader(file)))
