"""All attacks, in one list."""

from tests.tools.workbench.sandbox.attacks import changing, leaving, reading, starting, taking, talking
from tests.tools.workbench.sandbox.attacks.attack import Attack, Profile

ATTACKS: tuple[Attack, ...] = (
    *reading.ATTACKS,
    *changing.ATTACKS,
    *talking.ATTACKS,
    *starting.ATTACKS,
    *taking.ATTACKS,
    *leaving.ATTACKS,
)


def attacks_on(profile: Profile) -> list[Attack]:
    """Those that this profile must withstand."""
    return [one for one in ATTACKS if profile in one.profiles]
