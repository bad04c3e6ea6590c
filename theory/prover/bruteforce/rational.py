"""Sums of fractions of polynomials, and the decision whether one vanishes identically.

Histories of a sampler share few denominators, so a sum is kept apart by denominator: most
identities then hold group by group, and no greatest common divisor is ever computed.
"""

from __future__ import annotations

from typing import Any

from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement, PolyRing


class RationalSum:
    """Sum of fractions of polynomials, kept apart by denominator."""

    def __init__(self, polynomials: PolyRing) -> None:
        self.ring = polynomials
        self.terms: dict[PolyElement, PolyElement] = {}

    def add(self, numerator: PolyElement, denominator: PolyElement) -> None:
        """Add one fraction; common monomials are cancelled so that equal denominators meet."""
        if not numerator:
            return
        shared = tuple(map(min, *numerator.monoms(), *denominator.monoms()))
        scale = (shared, denominator.LC)
        numerator, denominator = numerator.quo_term(scale), denominator.quo_term(scale)
        self.terms[denominator] = self.terms.get(denominator, self.ring.zero) + numerator

    def scaled(self, factor: PolyElement) -> RationalSum:
        """Multiply every fraction by a polynomial."""
        product = RationalSum(self.ring)
        for denominator, numerator in self.terms.items():
            product.add(factor * numerator, denominator)
        return product

    def vanishes(self) -> bool:
        """Decide whether the sum is zero identically.

        A nonzero value at one rational point refutes it; otherwise the numerators are brought to
        a common denominator, after those that divide exactly have been divided.
        """
        polynomial, rest = self.ring.zero, {}
        for denominator, numerator in self.terms.items():
            quotient, remainder = divmod(numerator, denominator)
            if remainder:
                rest[denominator] = numerator
            else:
                polynomial += quotient
        parts = {**rest, self.ring.one: polynomial}
        return not self._at_a_point(parts) and not _common_numerator(parts, self.ring)

    def _at_a_point(self, parts: dict[PolyElement, PolyElement]) -> Any:
        point = [QQ(k, k + 7) for k in range(1, self.ring.ngens + 1)]
        return sum(
            numerator(*point) / denominator(*point) for denominator, numerator in parts.items()
        )


def difference(left: RationalSum, right: RationalSum | PolyElement) -> RationalSum:
    """Subtract a sum or a polynomial."""
    terms = right.terms if isinstance(right, RationalSum) else {left.ring.one: right}
    rest = RationalSum(left.ring)
    for sign, part in ((1, left.terms), (-1, terms)):
        for denominator, numerator in part.items():
            rest.add(sign * numerator, denominator)
    return rest


def _common_numerator(parts: dict[PolyElement, PolyElement], polynomials: PolyRing) -> PolyElement:
    total, common = polynomials.zero, polynomials.one
    for denominator, numerator in parts.items():
        if numerator:
            total, common = total * denominator + numerator * common, common * denominator
    return total
