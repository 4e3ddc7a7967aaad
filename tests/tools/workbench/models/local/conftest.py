"""Tiny random models in folders, as a person would have them: convolutions, attention, attention in a window."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Lfm2Config,
    Lfm2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

from toishi.tools.workbench.models.local.network import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Several threads wait for each other longer than they compute on models of this size.
torch.set_num_threads(1)

SPECIAL = ["<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>"]
CHAT_TEMPLATE = (
    "{%- for message in messages -%}<|{{ message['role'] }}|> {{ message['content'] }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes as tokens, behind the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        extra_special_tokens=SPECIAL[2:],
        chat_template=CHAT_TEMPLATE,
    )


SIZES: dict[str, Any] = {
    "vocab_size": len(SPECIAL) + 256,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": 1,
}


def tiny_lfm2() -> "PreTrainedModel":
    layers = ["conv", "full_attention", "conv", "full_attention"]
    config = Lfm2Config(**SIZES, num_hidden_layers=4, layer_types=layers, block_auto_adjust_ff_dim=False)
    return Lfm2ForCausalLM(config)


def tiny_llama() -> "PreTrainedModel":
    return LlamaForCausalLM(LlamaConfig(**SIZES, num_hidden_layers=2))


def tiny_mistral() -> "PreTrainedModel":
    return MistralForCausalLM(MistralConfig(**SIZES, num_hidden_layers=2, sliding_window=12))


TINY: dict[str, Callable[[], "PreTrainedModel"]] = {"lfm2": tiny_lfm2, "llama": tiny_llama, "mistral": tiny_mistral}


def save(model: "PreTrainedModel", folder: Path) -> Path:
    # The usual initial weights are so small that a model hardly looks at its input; these let every token count.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.3)
    with quiet():
        model.save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each kind of model."""
    torch.manual_seed(1)
    return {kind: save(make(), tmp_path_factory.mktemp(kind)) for kind, make in TINY.items()}


@pytest.fixture(params=sorted(TINY))
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    """The folder of each kind of model in turn."""
    return folders[request.param]
