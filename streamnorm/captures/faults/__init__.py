"""Faults on purpose: the steps of a replay in, the steps of a broken one out. No socket, no clock; the transport and the
server carry out what comes of them."""

from streamnorm.captures.faults.base import Fault, Outcome, Site
from streamnorm.captures.faults.places import Place
from streamnorm.captures.faults.plan import FaultAt, Plan, faults_of, plan_of
from streamnorm.captures.faults.table import FAULTS, GROUPS, NOT_SERVED

__all__ = [
    "FAULTS",
    "GROUPS",
    "NOT_SERVED",
    "Fault",
    "FaultAt",
    "Outcome",
    "Place",
    "Plan",
    "Site",
    "faults_of",
    "plan_of",
]
