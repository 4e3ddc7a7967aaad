"""Pairs of numbers that add up to a total."""


def count_pairs(numbers: list[int], total: int) -> int:
    """How many pairs of places in the list hold numbers that add up to the total."""
    pairs = 0
    for first in range(len(numbers)):
        for second in range(first + 1, len(numbers)):
            if numbers[first] + numbers[second] == total:
                pairs += 1
    return pairs
