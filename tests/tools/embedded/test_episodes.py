"""Training examples: well-formed, repeatable, and computed in one pass as if each answer stood alone."""

from random import Random

import pytest
import torch

from toishi.tools.embedded import architecture, batches, corpus, follow, worlds, write
from toishi.tools.embedded.make_tokenizer import main_tokenizer
from toishi.tools.embedded.rules import Instruction, Rule
from toishi.tools.embedded.tokenizer import ASSISTANT, EOS, USER
from toishi.tools.workbench.textgrad.reflection import CLOSING, OPENING

TOKENIZER = main_tokenizer()


@pytest.mark.parametrize("size", [1, 5, 20, 60])
def test_a_follow_episode_reads_the_message_and_then_names_a_label(size: int) -> None:
    for seed in range(10):
        episode = follow.episode(Random(seed), size)
        for branch in episode.branches:
            answer = "".join(piece.text for piece in branch.answer).removesuffix(EOS)
            assert branch.question.endswith(ASSISTANT)
            read, _, label = answer.rpartition(": ")
            if label and not answer.endswith("\nnone"):
                assert label in episode.prefix
            read = read.removesuffix("\notherwise").removesuffix("\nguess")
            assert read.strip() in branch.question


@pytest.mark.parametrize("size", [0, 3, 15])
def test_a_written_instruction_keeps_the_rest_and_puts_new_rules_first(size: int) -> None:
    for seed in range(10):
        episode = write.episode(Random(seed), size)
        reply = "".join(piece.text for piece in episode.branches[0].answer).removesuffix(EOS)
        assert reply.startswith(f" {OPENING}\n")
        assert reply.endswith(f"\n{CLOSING}")
        assert episode.prefix.startswith(USER)
        before = episode.prefix.split(f"{OPENING}\n")[1].split(f"\n{CLOSING}")[0].split("\n")
        after = reply.split("\n")[1:-1]
        new = [line for piece in episode.branches[0].answer if piece.weight == 1 for line in piece.text[1:].split("\n")]
        assert new
        assert [line for line in after if line not in new] == [line for line in before if line in after]
        assert ("{text}" in reply) == any("{text}" in line for line in before)


def test_a_rejected_keyword_is_not_tried_again() -> None:
    world = worlds.World({"a": ("my card is lost",), "b": ("top up my phone",)}, {})
    instruction = Instruction(("Sort.",), (), "b")
    case = write.Outcome("my card is lost", "a", "my card is lost\notherwise: b", "b")
    for seed in range(20):
        better, new = write.improve(Random(seed), world, instruction, [case], frozenset({"card"}))
        assert all(rule.keywords != ("card",) for rule in new)
        assert better.answer(case.message).endswith(": a")


def test_a_rule_that_misled_is_dropped_and_a_good_one_stays() -> None:
    world = worlds.World({"a": ("my card is lost", "card gone"), "b": ("top up", "top up phone")}, {})
    instruction = Instruction((), (Rule(("card",), "b"), Rule(("top",), "b")))
    better, new = write.improve(
        Random(0), world, instruction, [write.Outcome("my card is lost", "a", "my card: b", "b")]
    )
    assert better.rules == (*new, Rule(("top",), "b"))


def test_episodes_and_batches_follow_from_their_seed() -> None:
    assert follow.episode(Random(1), 9) == follow.episode(Random(1), 9)
    assert write.episode(Random(1), 9) == write.episode(Random(1), 9)
    one, two = (batches.Plan(budget=1024).batch(TOKENIZER, 0, 5000).tensors() for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_the_corpus_holds_nothing_of_the_held_out_set() -> None:
    assert "card_arrival" not in corpus.intents()
    assert len(corpus.intents()) == 151


def test_a_branch_is_computed_as_if_it_stood_alone() -> None:
    torch.manual_seed(0)
    model = architecture.build(TOKENIZER.get_vocab_size(), width=64).eval()
    episode = follow.episode(Random(3), 4, branches=3)
    rows = [batches.encode(TOKENIZER, episode), batches.encode(TOKENIZER, write.episode(Random(4), 2))]
    batch = batches.collate(rows)
    with torch.no_grad():
        hidden, _ = architecture.branched_hidden(model, batch.tokens, batch.positions, batch.mask, batch.before)
        logits = model.lm_head(hidden)[0]
        done = len(TOKENIZER.encode(episode.prefix).ids)
        for branch in episode.branches:
            answer = "".join(piece.text for piece in branch.answer)
            alone = TOKENIZER.encode(episode.prefix + branch.question + answer).ids
            own = len(alone) - len(TOKENIZER.encode(episode.prefix).ids)
            expected = model(torch.tensor([alone])).logits[0, -own:]
            torch.testing.assert_close(logits[done : done + own], expected, atol=1e-4, rtol=1e-4)
            done += own
