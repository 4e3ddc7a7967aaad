"""What a person can set about a GEPA search: the `[gepa]` table of a task.

The defaults are those of the steady-state search; `paper = true` is the search of the paper and of its reference code,
which `gepa_parity` compares decision for decision. What is set beside it holds all the same.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PAPER: Mapping[str, Any] = {
    "lookahead": 1,
    "minibatch": 3,
    "selection": "pareto_anew",
    "gate": "minibatch",
    "validation": "full",
    "look_again": 0,
    "remember_rejected": 0,
    "copied_words": 0,
    "cohort": False,
    "finalists": 1,
    "max_idle": None,
    "stop_when_perfect": False,
}


SOLVE: Mapping[str, Any] = {"gate": "minibatch", "copied_words": 0, "finalists": 1}
"""What suits a search for answers: a child that solves one more row is worth it whatever it does to the others."""


class GepaSettings(BaseModel):
    """The knobs of the search; pydantic's `ValidationError` where a value does not fit or a key is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paper: bool = Field(
        default=False,
        # A word that pydantic takes for `true` would leave the usual defaults in place.
        strict=True,
        description="the search as published (Algorithms 1 to 4 of the paper, as its reference code has them): one "
        "proposal after the other, full validation, the gate on the minibatch, no memory",
    )
    mode: Literal["generalise", "solve"] = Field(
        default="generalise",
        description="'generalise': the best candidate for rows that nobody saw; 'solve': search at inference time, "
        "where the rows are the very tasks to solve: all are feedback and front, and the best answer to each is kept",
    )
    lookahead: int | None = Field(
        default=None,
        ge=1,
        description="how many proposals may be in flight when a parent is chosen; their results are taken in order, so "
        "that a seed gives the same run at any concurrency. Default: as many as the models answer at once, and fewer "
        "where the budget is small",
    )
    minibatch: int = Field(
        default=5,
        ge=1,
        description="feedback examples that the reflector is shown (b in Algorithm 1), failures before others; 3 in "
        "the paper",
    )
    look_again: int = Field(
        default=3,
        ge=0,
        description="how many further minibatches of a parent are run at most where the first has too few failures to "
        "fill one; 0 is the paper, which shows the first as it is",
    )
    selection: Literal["pareto", "pareto_anew", "best", "epsilon_greedy"] = Field(
        default="pareto",
        description="how parents are chosen: from the per-example Pareto fronts, pruned as members enter or anew among "
        "all of them (Algorithm 2), always the best mean (the paper's ablation), or the best mean with a share of "
        "random ones",
    )
    leader_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="with selection `pareto`: share of the parents that are the best candidate itself",
    )
    epsilon: float = Field(
        default=0.1, ge=0, le=1, description="share of random parents with selection `epsilon_greedy` (gepa 0.1.4)"
    )
    gate: Literal["sequential", "minibatch"] = Field(
        default="sequential",
        description="how a child is compared with its parent before it is validated: by a sequential test on feedback "
        "examples, those that the reflector was shown and others, or by the sums on those shown (Algorithm 1)",
    )
    gate_alpha: float = Field(
        default=0.2,
        gt=0,
        lt=0.5,
        description="chance with which the sequential gate accepts a child like its parent, where the same rollout "
        "comes out differently each time; where rollouts repeat exactly, one that is as good on other rows passes more "
        "often",
    )
    gate_rows: int = Field(
        default=16, ge=1, description="feedback examples that the sequential gate may look at, at most"
    )
    accept: Literal["strict", "equal"] = Field(
        default="strict",
        description="with the gate `minibatch`: what a child's sum of scores must be against its parent's: higher "
        "(Algorithm 1), or at least equal (gepa 0.1.4, `improvement_or_equal`)",
    )
    skip_perfect: bool = Field(
        default=True, description="no reflection where the parent is perfect on the whole minibatch (reference code)"
    )
    validation: Literal["race", "full"] = Field(
        default="race",
        description="whether a child's validation ends as soon as it can neither enter the front nor beat the best, or "
        "always covers the whole set (Algorithm 1)",
    )
    race_doubt: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="chance with which a race may end for a child that would have beaten the best; 0: only where it is "
        "certain",
    )
    merge: bool = Field(default=False, description="also merge candidates module by module (Algorithms 3 and 4)")
    max_merges: int = Field(
        default=5,
        ge=0,
        description="after this many accepted merges no further one is scheduled; as in the reference code, those that "
        "are already due may still come",
    )
    merge_minibatch: int = Field(
        default=5,
        ge=1,
        description="validation examples that a merged candidate is judged on first; with a smaller validation set "
        "there are no merges (gepa 0.1.4)",
    )
    crossover: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of proposals in which the reflector joins the texts of two candidates that are good at "
        "different examples, instead of rewriting one",
    )
    remember_rejected: int = Field(
        default=3,
        ge=0,
        description="how many of the newest rejected texts of the same parent and module the reflector is "
        "shown, and may not propose again; 0 is the paper",
    )
    cohort: bool = Field(
        default=True,
        description="whether the reflector is told how the parent fails on all rows that it ran on, not only on a few",
    )
    copied_words: int = Field(
        default=10,
        ge=0,
        description="a text that copies so many words in a row from a feedback example is refused; 0: nothing is",
    )
    finalists: int = Field(
        default=4,
        ge=1,
        description="where the same rollout comes out differently each time: how many of the best candidates are "
        "validated once more, before one of them is chosen",
    )
    front: int = Field(
        default=4,
        ge=1,
        description="with several objectives: how many candidates of the front are judged on the locked test",
    )
    max_iterations: int | None = Field(default=None, ge=0, description="the search ends after this many iterations")
    patience: int | None = Field(
        default=None,
        ge=1,
        description="the search ends after this many iterations in a row without a higher best validation score, or "
        "with mode 'solve', without a better answer to any row",
    )
    max_idle: int | None = Field(
        default=100,
        ge=1,
        description="the search ends after this many iterations in a row that had no proposal to judge: nothing left "
        "to learn, or a reflector that never answers in form; such iterations may cost no rollouts, so that a budget "
        "would never end them",
    )
    stop_when_perfect: bool = Field(
        default=True,
        description="the search ends once a candidate is perfect on the whole validation set, since no later one could "
        "be chosen over it; with mode 'solve', once every row is solved",
    )

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, given: Any) -> Any:
        """What is not given is as the paper has it with `paper`, and as it suits a search for answers with its mode."""
        if not isinstance(given, dict):
            return given
        usual = PAPER if given.get("paper") is True else SOLVE if given.get("mode") == "solve" else {}
        return {**usual, **given}
