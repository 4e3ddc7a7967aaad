"""A curve in one line of block characters."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[tuple[float, float]], *, end: float, width: int) -> str:
    """A step curve: each point holds (x, y) and its y stays until the next point's x, the last one until `end`.

    Drawn over x from 0 to `end` in `width` cells, each with the value that stands at its right edge; cells before the
    first point are blank. The lowest y is the lowest block, the highest the highest; one single y is drawn low.
    """
    if not points or end <= 0 or width <= 0:
        return ""
    low, high = min(y for _, y in points), max(y for _, y in points)
    cells = []
    for cell in range(width):
        standing = [y for x, y in points if x <= (cell + 1) * end / width]
        if not standing:
            cells.append(" ")
            continue
        height = (standing[-1] - low) / (high - low) if high > low else 0.0
        cells.append(BLOCKS[round(height * (len(BLOCKS) - 1))])
    return "".join(cells)
