"""The attacks of the sandbox's tests, each inside the sandbox and outside, by every account that can be had here.

An attack counts where it did its harm outside: what harms nobody without a sandbox says nothing about one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks import _report
from tests.tools.workbench.sandbox.attacks import accounts, trial
from tests.tools.workbench.sandbox.attacks.accounts import Account
from tests.tools.workbench.sandbox.attacks.attack import Profile

PROFILES: tuple[Profile, ...] = ("pure", "project")
ACCOUNTS: tuple[Account, ...] = ("root", "user")


@dataclass(frozen=True)
class Trial:
    """All attacks on a profile by an account: whether each did its harm, by label."""

    profile: Profile
    account: Account
    outside: Mapping[str, bool]
    inside: Mapping[str, bool]

    @property
    def counted(self) -> list[str]:
        """The labels of those that harm where nothing holds them."""
        return [label for label, harm in self.outside.items() if harm]

    @property
    def escaped(self) -> list[str]:
        """The labels of those that did their harm inside, counted or not."""
        return [label for label, harm in self.inside.items() if harm]


def trials() -> tuple[list[Trial], list[str]]:
    """Those that can be run here, and a sentence for each that cannot."""
    wanted = [(profile, account) for profile in PROFILES for account in ACCOUNTS]
    possible = [one for one in wanted if one[1] == accounts.own() or accounts.own() == "root"]
    skipped = [
        f"{profile} as {account}: only root can run anything by another account"
        for profile, account in wanted
        if (profile, account) not in possible
    ]
    _report.say("attacks outside, in worlds that may be harmed")
    # They wait more than they work.
    with ThreadPoolExecutor(len(possible)) as threads:
        outside = list(threads.map(lambda one: _harmful("outside", *one), possible))
    found = []
    for (profile, account), harmful in zip(possible, outside, strict=True):
        _report.say(f"attacks inside: {profile} as {account}")
        held = _harmful("inside", profile, account)
        if isinstance(harmful, str) or isinstance(held, str):
            skipped.append(f"{profile} as {account}: {harmful if isinstance(harmful, str) else held}")
        else:
            found.append(Trial(profile, account, harmful, held))
    return found, skipped


def _harmful(side: trial.Side, profile: Profile, account: Account) -> dict[str, bool] | str:
    """What came of them, or why they cannot be run here."""
    try:
        return trial.harmful(side, profile, account)
    except OSError as error:
        return str(error)


def figures(found: Sequence[Trial], skipped: Sequence[str]) -> dict[str, object]:
    """Sums over all trials; `attempts` are the attacks that count, each for every profile and account."""
    counted = [label for one in found for label in one.counted]
    escaped = [f"{one.profile} as {one.account}: {label}" for one in found for label in one.escaped]
    return {
        "attempts": len(counted),
        "harmful_outside": len(counted),
        "escapes": len(escaped),
        "programs": {
            profile: len({label for one in _on(found, profile) for label in one.outside}) for profile in PROFILES
        },
        "attempts_by_profile": {
            profile: {one.account: len(one.counted) for one in _on(found, profile)} for profile in PROFILES
        },
        "attempts_by_category": dict(Counter(label.partition(": ")[0] for label in counted)),
        "harmless_outside": sorted({label for one in found for label, harm in one.outside.items() if not harm}),
        "escaped": escaped,
        "skipped": list(skipped),
    }


def _on(found: Sequence[Trial], profile: Profile) -> list[Trial]:
    return [one for one in found if one.profile == profile]
