"""Runs the attacks on a profile by an account, inside the sandbox or outside, and prints which did their harm, as JSON.

It is a process of its own, so that it can become another account for good.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

from tests.tools.workbench.sandbox.attacks import accounts
from tests.tools.workbench.sandbox.attacks.accounts import Account
from tests.tools.workbench.sandbox.attacks.attack import Attack, Profile
from tests.tools.workbench.sandbox.attacks.everything import attacks_on
from tests.tools.workbench.sandbox.attacks.inside import succeeds_inside
from tests.tools.workbench.sandbox.attacks.outside import succeeds_outside
from tests.tools.workbench.sandbox.attacks.stage import SECRET, VARIABLE

Side = Literal["inside", "outside"]

CANNOT = 3
MODULE = "tests.tools.workbench.sandbox.attacks.trial"


def harmful(
    side: Side, profile: Profile, account: Account, *, only: Sequence[str] = (), landlock: int | None = None
) -> dict[str, bool]:
    """Whether attacks did their harm, by label, as a process found that this one starts; all, or `only` these.

    Raises `OSError` where it cannot be found here: only root can run anything by another account, and not every system
    lets a process have the namespaces that a world for attacks is made of.
    """
    older = [] if landlock is None else ["--landlock", str(landlock)]
    command = [sys.executable, "-m", MODULE, *older, side, profile, account, *only]
    environment = {**os.environ, VARIABLE: SECRET}
    ended = subprocess.run(command, cwd=accounts.ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode == CANNOT:
        raise OSError(ended.stderr.strip())
    ended.check_returncode()
    found = json.loads(ended.stdout)
    assert isinstance(found, dict)
    return found


def main() -> None:
    """Reads its arguments, and does what `harmful` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, choices in (("side", ("inside", "outside")), ("profile", ("pure", "project")), ("account", None)):
        parser.add_argument(name, choices=choices)
    parser.add_argument("--landlock", type=int)
    parser.add_argument("only", nargs="*")
    given = parser.parse_args()
    chosen = [one for one in attacks_on(given.profile) if not given.only or one.label in given.only]
    try:
        if given.side == "outside":
            found = _outside(chosen, given.profile, given.account)
        else:
            _become(given.account)
            found = _inside(chosen, given.profile, given.landlock)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT)
    print(json.dumps({one.label: harm for one, harm in zip(chosen, found, strict=True)}))


def _outside(chosen: Sequence[Attack], profile: Profile, account: Account) -> list[bool]:
    """One after another: each is forked off, which no thread survives."""
    return [succeeds_outside(one, profile, account) for one in chosen]


def _inside(chosen: Sequence[Attack], profile: Profile, landlock: int | None) -> list[bool]:
    """As many at once as there are processors, each on a stage of its own."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        return list(threads.map(partial(succeeds_inside, profile=profile, landlock=landlock), chosen))


def _become(account: Account) -> None:
    """Starts anew as the account, with nothing of root in the process."""
    if account == accounts.own():
        return
    if account == "user":
        accounts.unshare(accounts.MOUNTS)
        accounts.open_the_way()
    accounts.become(account)
    os.execv(sys.executable, [sys.executable, "-m", MODULE, *sys.argv[1:]])


if __name__ == "__main__":
    main()
