"""Trains the embedded model from nothing: `python -m toishi.tools.embedded.train --out FOLDER --minutes 80`.

Each batch follows from (seed, step) alone, so a run that was stopped goes on with `--resume` as if it had not been;
with `--steps` the schedule too depends on the step alone, and the result is the same to the bit on the same machine.
"""

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer

from toishi.tools.embedded import architecture, evaluate
from toishi.tools.embedded.batches import Plan
from toishi.tools.embedded.make_tokenizer import main_tokenizer
from toishi.tools.embedded.tokenizer import as_transformers
from toishi.tools.workbench.textgrad.reflection import TEMPLATE

if TYPE_CHECKING:
    from transformers import Lfm2ForCausalLM

SKILLS = ("follow", "write")


@dataclass(frozen=True)
class Settings:
    """One training run. It ends after `minutes`, or after `steps` where that is set.

    `stop_after` breaks it off early, at that step, as a kill after a save would.
    """

    out: Path
    minutes: float = 80.0
    steps: int | None = None
    stop_after: int | None = None
    seed: int = 0
    width: int = 160
    rate: float = 4e-3
    warmup: int = 50
    decay: float = 0.35
    threads: int = 2
    bf16: bool = True
    hinting: float = 1.0
    save_minutes: float = 5.0
    held_out: Path | None = None


def rate_at(settings: Settings, step: int, progress: float) -> float:
    """Warm-up, then level, then straight down over the last `decay` of the run."""
    level = min(1.0, (step + 1) / settings.warmup)
    return settings.rate * level * max(0.02, min(1.0, (1.0 - progress) / settings.decay))


def optimizers(model: "Lfm2ForCausalLM", settings: Settings) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings, norms and convolution taps."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=settings.rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def save(folder: Path, model: "Lfm2ForCausalLM", tokenizer: Tokenizer, state: dict[str, Any] | None) -> None:
    """Write the model in the Hugging Face layout, in bfloat16, and the state that a resumed run needs."""
    aside = folder.with_name(folder.name + ".new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    model.config.toishi = {"reflection_template": TEMPLATE, "skills": list(SKILLS)}
    tensors = {name: value.to(torch.bfloat16) for name, value in model.state_dict().items() if name != "lm_head.weight"}
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 1
    model.generation_config.bos_token_id = None
    model.save_pretrained(aside, state_dict=tensors)
    as_transformers(tokenizer).save_pretrained(aside)
    amend(aside / "config.json", dtype="bfloat16")
    amend(aside / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    if state is not None:
        torch.save(state, aside / "state.pt")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def amend(file: Path, **values: object) -> None:
    """Set values in a JSON file: those that transformers writes differently, or that its older versions cannot read."""
    file.write_text(json.dumps(json.loads(file.read_text()) | values, indent=2) + "\n")


def train(settings: Settings, plan: Plan | None = None) -> "Lfm2ForCausalLM":
    """Run, or go on with, a training run in `settings.out`; leaves `checkpoint/` and `training_log.jsonl` there."""
    plan = plan or Plan()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    tokenizer = main_tokenizer()
    model = architecture.build(tokenizer.get_vocab_size(), width=settings.width)
    movers = optimizers(model, settings)
    step, spent, tokens = 0, 0.0, 0
    checkpoint = settings.out / "checkpoint"
    log = settings.out / "training_log.jsonl"
    if checkpoint.exists():
        state = torch.load(checkpoint / "state.pt", weights_only=True)
        model.load_state_dict(state["model"])
        for mover, kept in zip(movers, state["optimizers"], strict=True):
            mover.load_state_dict(kept)
        step, spent, tokens = state["step"], state["spent"], state["tokens"]
    settings.out.mkdir(parents=True, exist_ok=True)
    held_out = evaluate.episodes(settings.held_out, 10) if settings.held_out else None
    begun, saved = time.monotonic() - spent, spent
    losses: list[float] = []
    misses: list[float] = []
    model.train()
    while True:
        spent = time.monotonic() - begun
        progress = step / settings.steps if settings.steps else spent / (60 * settings.minutes)
        ended = progress >= 1.0 or step == settings.stop_after
        if ended or spent - saved >= 60 * settings.save_minutes:
            saved = spent
            state = {
                "model": model.state_dict(),
                "optimizers": [m.state_dict() for m in movers],
            }
            save(checkpoint, model, tokenizer, {**state, "step": step, "spent": spent, "tokens": tokens})
        if ended or step % 200 == 0:
            entry = {"step": step, "seconds": round(spent), "tokens": tokens, "rate": rate_at(settings, step, progress)}
            entry |= {"loss": round(sum(losses) / len(losses), 4)} if losses else {}
            entry |= {"hint_loss": round(sum(misses) / len(misses), 4)} if misses else {}
            entry |= evaluate.measure(model, tokenizer, held_out) if held_out else {}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            print(json.dumps(entry), flush=True)
            losses, misses = [], []
        if ended:
            return model
        batch = plan.batch(tokenizer, settings.seed, step)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bf16):
            loss, missed = architecture.branched_loss(model, *batch.tensors())
        (loss + settings.hinting * missed).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for mover in movers:
            for group in mover.param_groups:
                group["lr"] = rate_at(settings, step, progress)
            mover.step()
            mover.zero_grad()
        losses.append(loss.item())
        if len(batch.hints):
            misses.append(missed.item())
        tokens += batch.tokens.numel()
        step += 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the embedded model from nothing.")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the log")
    parser.add_argument("--minutes", type=float, default=80.0)
    parser.add_argument("--steps", type=int, help="end after so many steps instead (exactly repeatable)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--held-out", type=Path, help="csv of text,label rows to judge on while training")
    options = parser.parse_args()
    if (options.out / "checkpoint").exists() and not options.resume:
        parser.error(f"{options.out} holds a run already; say --resume to go on with it")
    # For this process only: numbers too small to matter are slow, but others may want them.
    # Holds for the whole process, so a program that calls `train` decides for itself.
    torch.set_flush_denormal(True)
    train(
        Settings(
            out=options.out,
            minutes=options.minutes,
            steps=options.steps,
            seed=options.seed,
            width=options.width,
            rate=options.rate,
            threads=options.threads,
            held_out=options.held_out,
        )
    )


if __name__ == "__main__":
    main()
