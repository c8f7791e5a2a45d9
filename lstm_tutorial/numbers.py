"""Numbers as people read them."""

from __future__ import annotations


def write_number(value: float, digits: int = 4) -> str:
    """A number to so many significant digits, zeros at the end too; what has more before the point is whole: 12,346."""
    if 10 ** (digits - 1) <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")
