"""Suites: many trainings by one command, and their comparison."""

from .failure import SuiteError
from .listing import list_known
from .plan import check_data, plan_suite
from .queue import run_tasks
from .report import write_comparison
from .results import collect
from .slots import find_slots
from .suite import find_suite, read_suite

__all__ = [
    'SuiteError',
    'check_data',
    'collect',
    'find_slots',
    'find_suite',
    'list_known',
    'plan_suite',
    'read_suite',
    'run_tasks',
    'write_comparison',
]
