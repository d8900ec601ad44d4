"""How much of the traffic does each backend get? Shares turned into weights of 0 to 100.

- A share is 1 for a pod behind its own interface and for a node in Cluster mode; for a node in Local mode it is the
  number of its pods.
- Cluster and ENI mode: every backend has the default weight. Local mode: the weight is the share; when one passes 100,
  all are scaled down alike, to no less than 1.
- A Service that shares a group with others has a weight for all its backends together: it is parted by shares with
  the largest remainders, and no backend gets less than 1 (so with more backends than weight the sum is their number).
  Only a weight of 0 gives everybody 0.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

HEAVIEST = 100


def scaled(shares: Mapping[K, int]) -> dict[K, int]:
    """Shares as weights, scaled down alike where one passes 100."""
    most = max(shares.values(), default=0)
    if most <= HEAVIEST:
        return dict(shares)
    return {key: max(1, share * HEAVIEST // most) for key, share in shares.items()}


def parted(weight: int, shares: Mapping[K, int]) -> dict[K, int]:
    """One weight for all together; see above for rounding. Equal remainders go by the order of the shares."""
    if weight <= len(shares):
        return dict.fromkeys(shares, min(weight, 1))
    whole = sum(shares.values())
    small = [key for key, share in shares.items() if weight * share < whole]
    if small:
        others = {key: share for key, share in shares.items() if weight * share >= whole}
        return dict.fromkeys(small, 1) | parted(weight - len(small), others)
    weights = {key: weight * share // whole for key, share in shares.items()}
    by_remainder = sorted(shares, key=lambda key: -(weight * shares[key] % whole))
    for key in by_remainder[: weight - sum(weights.values())]:
        weights[key] += 1
    return weights
