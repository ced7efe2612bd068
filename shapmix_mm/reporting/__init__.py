"""One page about a training run: reading the run, building the page."""

from .failure import ReportError
from .report import write_report

__all__ = ['ReportError', 'write_report']
