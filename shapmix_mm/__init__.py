"""Shap-Mix for MMAction2."""
from . import datasets, engine, evaluation, models  # noqa: F401
