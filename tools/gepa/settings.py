"""What a person can set about a GEPA search: the `[gepa]` table of a task. The defaults are the paper's."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class GepaSettings(BaseModel):
    """The knobs of Algorithms 1 to 4; pydantic's `ValidationError` where a value does not fit or a key is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minibatch: int = Field(
        default=3, ge=1, description="feedback examples that parent and child are compared on (b in Algorithm 1)"
    )
    selection: Literal["pareto", "best", "epsilon_greedy"] = Field(
        default="pareto",
        description="how parents are chosen: from the pruned per-example Pareto fronts (Algorithm 2), always the best "
        "mean (the paper's ablation), or the best mean with a share of random ones",
    )
    epsilon: float = Field(
        default=0.1, ge=0, le=1, description="share of random parents with selection `epsilon_greedy` (gepa 0.1.4)"
    )
    accept: Literal["strict", "equal"] = Field(
        default="strict",
        description="what a child's sum of scores on the minibatch must be against its parent's: higher (Algorithm 1), "
        "or at least equal (gepa 0.1.4, `improvement_or_equal`)",
    )
    skip_perfect: bool = Field(
        default=True, description="no reflection where the parent is perfect on the whole minibatch (reference code)"
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
    remember_rejected: int = Field(
        default=3,
        ge=0,
        description="how many of the newest rejected instructions of the same parent and module the reflector is "
        "shown, and may not propose again; 0 is the paper",
    )
    max_iterations: int | None = Field(default=None, ge=0, description="the search ends after this many iterations")
    patience: int | None = Field(
        default=None,
        ge=1,
        description="the search ends after this many iterations in a row without a higher best validation score",
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
        "be chosen over it",
    )
