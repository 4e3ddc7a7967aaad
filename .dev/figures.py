"""Writes the table of figures in the README from what the benchmarks and the demo printed.

`make figures` measures everything and then calls this. By hand: put the JSON line of each into build/figures under the
names below, and run `.venv/bin/python .dev/figures.py`. A row whose file is missing is left out.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "build" / "figures"
BEGIN, END = "<!-- figures: made by `make figures` -->", "<!-- end of figures -->"

Figures = Mapping[str, Any]


def share(value: float) -> str:
    return f"{100 * value:.1f} %"


def judged(figures: Figures) -> str:
    low, high = figures["interval"]
    return (
        f"{share(figures['seed_score'])} → {share(figures['best_score'])}; difference, 95 % interval: "
        f"{100 * low:+.1f} to {100 * high:+.1f} points; p = {figures['p_value']:.2g}; "
        f"{figures['rollouts']:,} rollouts, {figures['seconds']:.0f} s"
    )


def engine(figures: Figures, rows: int) -> str:
    one = figures[f"validation_{rows}"]
    return (
        f"{one['seconds']:.1f} ({one['gepa_default_seconds']:.1f}; {one['gepa_best_seconds']:.1f}), "
        f"{share(one['busy'])} ({share(one['gepa_default_busy'])}), {share(one['overshoot'])} "
        f"({share(one['gepa_best_overshoot'])})"
    )


def landscape(figures: Figures, name: str) -> str:
    one = figures["landscapes"][name]
    low, high = one["difference_interval"]
    peers = ", ".join(f"{one[f'{peer}_true_score']:.3f}" for peer in ("gepa", "mipro", "random", "best_of_n"))
    return f"{one['true_score']:.3f} ({peers}); {low:+.3f} to {high:+.3f}; {one['mean_curve_speedup']:.1f}"


ROWS: tuple[tuple[str, str, Callable[[Figures], str]], ...] = (
    ("demo", "`make demo`: prompt for ten intents of Banking77, on the locked test", judged),
    ("demo_all", "the same for all 77 intents (`toishi demo --intents all`)", judged),
    (
        "gepa_parity",
        "GEPA against gepa 0.1.4: runs with the same candidates in the same order",
        lambda found: f"{found['identical_runs']} of {found['runs']}",
    ),
    *(
        (
            "gepa_engine",
            f"search over an endpoint with 32 slots, {rows} validation rows, {budget:,} rollouts: seconds (gepa by "
            "default; its best), share of the slots busy (gepa), spent beyond the budget (gepa at its best)",
            partial(engine, rows=rows),
        )
        for rows, budget in ((30, 1500), (300, 4000))
    ),
    *(
        (
            "gepa_search",
            f"true score found for equal rollouts, landscape *{name.replace('_', ' ')}* (gepa, MIPROv2, random search, "
            "best of n); ours − gepa, 95 % interval over seeds; rollouts to gepa's, gepa's ÷ ours",
            partial(landscape, name=name),
        )
        for name in ("few_strong", "many_weak", "interacting", "misleading", "noisy")
    ),
    (
        "gepa_gate",
        "gate at a stated rate of false accepts: children like their parent that it accepts (the paper's gate); those "
        "better by 5 and 10 points (the paper's)",
        lambda found: (
            f"{share(found['alpha'])}: {share(found['false_accept'])} ({share(found['paper_false_accept'])}); "
            f"{share(found['power_5'])} and {share(found['power_10'])} ({share(found['paper_power_5'])} and "
            f"{share(found['paper_power_10'])})"
        ),
    ),
    (
        "gepa_gate",
        'runs in which nothing can be improved that end as "no evidence"',
        lambda found: share(found["null_reported"]),
    ),
    (
        "gepa_resume",
        "`kill -9` of a search with 8 proposals in flight, and resumed: replies paid twice; ends as if undisturbed",
        lambda found: f"{found['paid_twice']}; {found['identical_results']} of {found['kills']}",
    ),
    (
        "gepa_overhead",
        "the search's own time for a proposal: with the first candidates, with the last (gepa, at its last)",
        lambda found: (
            f"{found['ms_per_iteration_first']:.1f} ms; {found['ms_per_iteration_last']:.1f} ms at "
            f"{found['candidates']:,} candidates ({found['gepa_ms_last']:.0f} ms)"
        ),
    ),
    (
        "sandbox",
        "programs that do harm outside the sandbox; inside; time of a call",
        lambda found: (
            f"{found['harmful_outside']} of {found['attempts']}; {found['escapes']}; "
            f"{found['milliseconds_per_call']:.0f} ms"
        ),
    ),
    (
        "embedded",
        "embedded model on unseen intents: without rules, with the right rules (chance)",
        lambda found: (
            f"{share(found['accuracy_without_rules'])}, {share(found['accuracy_with_rules'])} "
            f"({share(found['chance'])})"
        ),
    ),
    (
        "embedded",
        "rank correlation of its accuracy with the share of right rules",
        lambda found: f"{found['rank_correlation']:.2f}",
    ),
    (
        "embedded",
        "its proposals that GEPA's gate accepts; the same with the feedback shuffled",
        lambda found: f"{share(found['proposals_accepted'])}; {share(found['proposals_accepted_shuffled'])}",
    ),
    (
        "embedded",
        "its size, start-up and speed on the CPU",
        lambda found: (
            f"{found['megabytes']:.1f} MB, {found['startup_seconds']:.1f} s, "
            f"{found['tokens_per_second']:,.0f} tokens a second"
        ),
    ),
    (
        "workbench",
        "what the workbench adds to a rollout and to a model call, all journalled, 32 in flight",
        lambda found: f"{found['ms_per_rollout']:.2f} ms; {found['ms_per_call']:.2f} ms",
    ),
    (
        "workbench",
        "rollouts a second with a model that answers at once; dspy's `Evaluate`, which journals nothing; litellm alone",
        lambda found: (
            f"{found['rollouts_per_second']:,}; {found['dspy_rollouts_per_second']:,}; "
            f"{found['litellm_calls_per_second']:,} calls"
        ),
    ),
    (
        "workbench",
        "journal with a million rollouts: one more; the slowest question of a screen",
        lambda found: f"{found['append_us']:.0f} µs; {found['query_ms']:.1f} ms",
    ),
    (
        "workbench",
        "local engine, tokens a second ÷ plain `generate`: one by one; all in one padded batch",
        lambda found: (
            f"{found['batching_speedup'] * found['prefix_reuse_speedup']:.1f} "
            f"(batching {found['batching_speedup']:.1f} × prefix reuse {found['prefix_reuse_speedup']:.1f}); "
            f"{found['against_one_batch_speedup']:.1f}"
        ),
    ),
    (
        "faults",
        "faults of a server in 8 runs: scores that changed; `kill -9` of the worker: replies paid twice, rollouts lost",
        lambda found: (
            f"{found['changed_scores']} after {found['faults']} faults; {found['paid_twice']} and "
            f"{found['lost_rollouts']} after {found['kills']} kills"
        ),
    ),
    (
        "startup",
        "`toishi --version`; `import toishi.tools.gepa`",
        lambda found: f"{found['version_seconds']:.2f} s; {found['import_gepa_seconds']:.2f} s",
    ),
)


def read(file: Path) -> Figures:
    """A command prints one document over many lines; a benchmark's is the last line, behind what its peers say."""
    text = file.read_text()
    document: Figures = json.loads(text if text.startswith("{\n") else text.splitlines()[-1])
    return document


def table() -> str:
    """The rows that were measured, in Markdown."""
    lines = ["| what | figure |", "| --- | --- |"]
    for name, title, shown in ROWS:
        file = MEASURED / f"{name}.json"
        if file.exists():
            lines.append(f"| {title} | {shown(read(file))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")
