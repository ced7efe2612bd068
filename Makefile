# From a bare machine with Python >= 3.9, pip and make to a trained model.
#   make demo    set up .venv, train on the embedded demo set, explain a clip
#   make test    set up .venv, run all tests
#   make docs    build the pages and the API into docs/_build
#   make env lint bench
#   make stress  kill trainings at random moments, 50 times on one and two ranks
# PYTHON names the interpreter, PIP_ARGS goes to every pip install.

PYTHON ?= python3
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LISTS := $(wildcard requirements/*.txt)
DEMO_DATA := data/demo/demo.pkl
DEMO_CONFIG := configs/ctrgcn_shapmix_demo.py
DEMO_OUT := work_dirs/ctrgcn_shapmix_demo
# A test clip of wave_left, which has four training clips.
DEMO_CLIP := S002C002P029R001A016

.DELETE_ON_ERROR:
.PHONY: help env demo test lint docs bench clean stress

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

env: $(STAMP)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found;" \
	  "say which Python to use: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || { \
	  echo "$$($(PYTHON) -V 2>&1) is too old, Python 3.9 or newer is needed;" \
	  "say which to use: make PYTHON=/path/to/python3 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(STAMP): $(LISTS) setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_ARGS) \
	  --constraint requirements/tested.txt \
	  --requirement requirements/runtime.txt \
	  --requirement requirements/mminstall.txt \
	  --requirement requirements/reports.txt \
	  --requirement requirements/cluster.txt \
	  --requirement requirements/tests.txt
	$(BIN)/python -m pip install $(PIP_ARGS) \
	  --no-deps --no-build-isolation --editable .
	$(BIN)/python -m shapmix_mm.doctor
	@touch $@

$(DEMO_DATA): shapmix_mm/datasets/demo/settings.py | $(STAMP)
	$(BIN)/python tools/data/make_demo.py

demo: $(STAMP) $(DEMO_DATA)
	$(BIN)/python tools/train.py $(DEMO_CONFIG) --work-dir $(DEMO_OUT)
	$(BIN)/python tools/predict.py $(DEMO_CONFIG) \
	  "$$(cat $(DEMO_OUT)/last_checkpoint)" $(DEMO_DATA):$(DEMO_CLIP) \
	  --explain --joints --out $(DEMO_OUT)/prediction

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -n auto --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy shapmix_mm

docs: $(STAMP)
	$(BIN)/python -m pip install -q $(PIP_ARGS) \
	  --constraint requirements/tested.txt --requirement requirements/docs.txt
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

bench: $(STAMP)
	$(BIN)/python tools/benchmark/backbone.py
	$(BIN)/python tools/benchmark/blend.py
	$(BIN)/python tools/benchmark/step.py

stress: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python tests/integration/kill_runs.py

clean:
	rm -rf build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache
