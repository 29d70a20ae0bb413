"""What can be wrong with a stream, and what is done about it: one class per quirk. `REGISTRY` finds them by code."""

from __future__ import annotations

from typing import Final

from streamnorm.repairs.base import Check, Repair, ShapeRepair
from streamnorm.repairs.framing import FRAMING_REPAIRS
from streamnorm.repairs.leaks import EXCLUSIVE, LEAK_REPAIRS
from streamnorm.repairs.order import ORDER_CHECKS, ORDER_REPAIRS
from streamnorm.repairs.sequence import SEQUENCE_REPAIRS
from streamnorm.repairs.shape import SHAPE_REPAIRS

__all__ = ["CHECKS", "EXCLUSIVE", "REGISTRY", "REPAIRS", "Check", "Repair", "ShapeRepair"]

REPAIRS: Final[tuple[type[Repair], ...]] = (
    *FRAMING_REPAIRS,
    *SHAPE_REPAIRS,
    *ORDER_REPAIRS,
    *LEAK_REPAIRS,
    *SEQUENCE_REPAIRS,
)
CHECKS: Final[tuple[type[Check], ...]] = ORDER_CHECKS

#: A repair that another package brings is put here when it is loaded (`streamnorm.plugins`).
REGISTRY: Final[dict[str, type[Repair] | type[Check]]] = {
    **{repair.code: repair for repair in REPAIRS},
    **{check.code: check for check in CHECKS},
}
