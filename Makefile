# Needs python3 (3.11 or newer) with venv and pip; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Files of tests that run side by side.
JOBS ?= 2
STAMP := $(VENV)/.installed
# Byte code makes a worker start three times as fast; some environments switch it off.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-transformers check bench soak mutations clean

demo: $(STAMP)
	$(BIN)/midtrace demo

test: $(STAMP)
	$(BIN)/midtrace models smollm2-135m >/dev/null
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.adapters

# The state machines for a long time: for the night, not for every change.
soak: $(STAMP)
	MIDTRACE_EXAMPLES=20000 $(BIN)/pytest tests/machine --timeout 3600

# Models of transformers in this process. Torch is over a gigabyte, so it is fetched here and nowhere else.
test-transformers: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable ".[transformers]"
	$(BIN)/pytest tests/transformers

# Breaks every guarantee on purpose and sees that a test notices.
mutations: $(STAMP)
	$(BIN)/python tests/mutations.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Nothing is fetched again while the stamp is newer than pyproject.toml, so both targets work offline after the first.
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable ".[local]" --group dev
	touch $(STAMP)
