"""Where prompts are cut: at what all relatives share, not at what two have in common by accident."""

from hypothesis import given
from hypothesis import strategies as st

from toishi.tools.workbench.models.local.prefixes import FAR, NEAR, RecentPrompts, Tokens, cut

INSTRUCTION: Tokens = tuple(range(1000, 1100))
prompts = st.lists(st.integers(0, 2), min_size=1, max_size=50).map(tuple)


def cut_of(prompt: Tokens, *others: Tokens, natural: int = 0, kept: tuple[Tokens, ...] = ()) -> int:
    recent = RecentPrompts()
    for tokens in (prompt, *others):
        recent.add(tokens)
    return cut(prompt, natural, recent.common(prompt), kept)


@given(prompts, st.lists(prompts, max_size=5), st.lists(prompts, max_size=3))
def test_a_cut_leaves_a_token_and_is_shared(prompt: Tokens, others: list[Tokens], kept: list[Tokens]) -> None:
    length = cut_of(prompt, *others, kept=tuple(kept))

    assert 0 <= length < len(prompt)
    assert not length or any(other[:length] == prompt[:length] for other in [*others, *kept])


def test_a_prompt_without_relatives_is_not_cut() -> None:
    assert cut_of((*INSTRUCTION, 1, 2), (3, 4), (1000, 1001, 5)) == 0


def test_accidents_behind_the_instruction_do_not_count() -> None:
    prompt = (*INSTRUCTION, 1, 2, 3, 4)

    assert cut_of(prompt, (*INSTRUCTION, 1, 2, 3, 5), (*INSTRUCTION, 1, 6), (*INSTRUCTION, 7)) == len(INSTRUCTION)


def test_relatives_that_share_much_less_do_not_shorten_the_cut() -> None:
    prompt = (*INSTRUCTION, 1, 2)

    assert cut_of(prompt, (*INSTRUCTION, 3), (*INSTRUCTION[:50], 3), (*INSTRUCTION[:40], 4)) == len(INSTRUCTION)


def test_what_is_kept_already_is_preferred_to_a_little_more() -> None:
    prompt = (*INSTRUCTION, *range(NEAR), 7, 8)
    other = (*INSTRUCTION, *range(NEAR), 9)

    assert cut_of(prompt, other, kept=(INSTRUCTION,)) == len(INSTRUCTION)
    assert cut_of(prompt, other, kept=(INSTRUCTION[:-1],)) == len(other) - 1


def test_the_last_message_is_the_natural_cut_unless_others_share_much_more() -> None:
    prompt = (*INSTRUCTION, *range(FAR), 7)

    assert cut_of(prompt, natural=90) == 90
    assert cut_of(prompt, prompt[:-1], natural=len(INSTRUCTION) + 1) == len(INSTRUCTION) + 1
    assert cut_of(prompt, prompt[:-1], natural=len(INSTRUCTION)) == len(prompt) - 1


def test_of_two_kept_prefixes_the_one_is_taken_at_which_all_relatives_meet() -> None:
    assert cut_of((*INSTRUCTION, 1, 2, 3), kept=((*INSTRUCTION, 1, 2), INSTRUCTION)) == len(INSTRUCTION)


def test_the_same_prompt_asked_again_shares_all_but_its_last_token() -> None:
    assert cut_of(INSTRUCTION, INSTRUCTION) == len(INSTRUCTION) - 1


def test_only_the_last_prompts_are_remembered() -> None:
    recent = RecentPrompts(size=2)
    for tokens in ((1, 2, 3, 4), (1, 2, 5), (9, 9), (1, 8)):
        recent.add(tokens)

    assert recent.common((1, 2, 3)) == [1]
