"""Our search against `gepa` 0.1.4, decision for decision."""

import json

import pytest

from benchmarks.gepa_benches import BENCHES, Bench
from benchmarks.gepa_parity import first_difference, main, search_ours, search_theirs


@pytest.mark.parametrize("merge", [False, True], ids=["mutation", "merge"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bench", [make() for make in BENCHES], ids=lambda bench: bench.name)
def test_both_find_the_same_candidates(bench: Bench, seed: int, merge: bool) -> None:
    ours, theirs = search_ours(bench, seed, merge=merge), search_theirs(bench, seed, merge=merge)
    assert first_difference(ours, theirs) == ""
    assert ours == theirs


def test_the_benches_are_awkward_enough_to_tell_searches_apart() -> None:
    pools = [search_ours(make(), seed, merge=True).pool for make in BENCHES for seed in range(5)]
    assert max(len(pool) for pool in pools) > 30
    assert sum(len(parents) == 2 for pool in pools for _, parents, _ in pool) > 20
    assert len({tuple(parents for _, parents, _ in pool) for pool in pools}) == len(pools)


def test_the_benchmark_counts_identical_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gepa_parity", "--quick", "--json"])
    main()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["runs"], figures["identical_runs"]) == (12, 12)
