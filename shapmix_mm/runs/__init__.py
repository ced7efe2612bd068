"""A training run as a row: its log, its report, suites of runs, fusion."""
