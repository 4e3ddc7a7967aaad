"""GEPA: reflective prompt evolution with a Pareto pool (Agrawal et al., arXiv 2507.19457), as a plain library.

`optimize` searches; what it needs of the world are the two coroutines `Evaluate` and `Reflect`.
"""

from toishi.tools.gepa.engine import Earlier, optimize
from toishi.tools.gepa.pool import Member
from toishi.tools.gepa.protocol import Evaluate, Reflect
from toishi.tools.gepa.result import GepaResult
from toishi.tools.gepa.settings import GepaSettings
from toishi.tools.gepa.world import Brief

__all__ = ["Brief", "Earlier", "Evaluate", "GepaResult", "GepaSettings", "Member", "Reflect", "optimize"]
