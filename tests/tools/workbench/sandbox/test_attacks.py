"""What `attacks` holds: nothing of it comes off inside the sandbox, whatever the account, and outside it does its harm.

The benchmark `sandbox` runs all of them outside too, and by both accounts; here it is those that are quickly done.
"""

import os
from collections.abc import Mapping
from functools import cache

import pytest

from tests.tools.workbench.sandbox.attacks import accounts, trial
from tests.tools.workbench.sandbox.attacks.attack import Attack, Profile
from tests.tools.workbench.sandbox.attacks.everything import ATTACKS, attacks_on
from toishi.tools.workbench.sandbox import available

Found = Mapping[str, bool]

# What an old Landlock leaves to the filter.
GUARDED_BY_LANDLOCK = ("changing files", "harming processes", "harming the parent", "leaving the copy")

# Of every category what any account can do on any system, and what root alone can break.
OUTSIDE = (
    *("reading files: open", "reading files: shell", "reading files: walk over classes to the shell"),
    *("reading others: environment of others", "listing: walk", "spying: who listens", "asking for files: status"),
    *("changing files: write", "changing files: remove all", "changing files: shell", "changing files: mode"),
    *("harming processes: kill", "harming processes: owner of a pipe", "harming processes: everybody"),
    *("harming the parent: kill", "returning code: pickle as the value", "returning code: pickle as a file"),
    *("bringing files back: linked", "leaving the copy: a link in the copy's place", "flood: output"),
    *("talking: tcp", "talking: udp", "talking: unix", "talking: abstract unix datagrams", "sockets: server"),
    *("starting programs: fork", "starting programs: exec from memory", "crowd: fork bomb", "crowd: threads"),
    *("time: deaf to signals", "memory: bit by bit", "disk: files that are removed and open", "kernel: keys"),
    *("leftovers: shared memory", "leftovers: segment of System V", "staying behind: double fork"),
)

# What it takes an account without root's ways to try.
BY_A_USER = (
    *("reading files: open", "reading others: environment of others", "changing files: write", "talking: tcp"),
    *("harming processes: kill", "harming the parent: kill", "starting programs: fork", "crowd: fork bomb"),
    *("crowd: threads", "disk: in a folder that nobody can read", "disk: files that are removed and open"),
    *("memory: shared, and given back for the look of it", "memory: at once", "kernel: keys"),
)


def run(side: trial.Side, profile: Profile, account: accounts.Account, **chosen: object) -> Found:
    """What came of attacks; skips where they cannot be run."""
    if available() is not None:
        pytest.skip(str(available()))
    try:
        return trial.harmful(side, profile, account, **chosen)  # type: ignore[arg-type]
    except OSError as error:
        pytest.skip(str(error))


@cache
def inside(profile: Profile) -> Found:
    """All attacks, by the account of whoever runs the tests."""
    return run("inside", profile, accounts.own())


@pytest.mark.parametrize(
    ("profile", "attack"),
    [
        pytest.param(profile, one, id=f"{profile}-{one.label}")
        for profile in ("pure", "project")
        for one in attacks_on(profile)
    ],
)
def test_no_attack_comes_off_inside(profile: Profile, attack: Attack) -> None:
    assert inside(profile)[attack.label] is False


def test_an_old_landlock_makes_no_difference() -> None:
    chosen = [one.label for one in attacks_on("project") if one.category in GUARDED_BY_LANDLOCK]

    found = run("inside", "project", accounts.own(), only=chosen, landlock=1)

    assert [label for label, harm in found.items() if harm] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
@pytest.mark.parametrize("profile", ["pure", "project"])
def test_an_ordinary_account_makes_no_difference(profile: Profile) -> None:
    found = run("inside", profile, "user", only=BY_A_USER)

    assert found
    assert [label for label, harm in found.items() if harm] == []


@pytest.mark.parametrize("profile", ["pure", "project"])
def test_outside_the_same_attacks_do_their_harm(profile: Profile) -> None:
    found = run("outside", profile, accounts.own(), only=OUTSIDE)

    assert len(found) > len(OUTSIDE) / 2
    assert [label for label, harm in found.items() if not harm] == []


def test_every_attack_has_a_name_of_its_own_and_is_tried_outside_under_it() -> None:
    for profile in ("pure", "project"):
        labels = [one.label for one in attacks_on(profile)]
        assert len(labels) == len(set(labels))
    assert {*OUTSIDE, *BY_A_USER} <= {one.label for one in ATTACKS}
