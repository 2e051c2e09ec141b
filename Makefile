# Each target makes the environment it needs; `make` alone lists the targets.
# PYTHON=python3.12 chooses the interpreter, VENV=path the place of the environment.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# -qq: errors only, no warnings.
PIP = $(BIN)/python -m pip -qq --disable-pip-version-check

# Two pytest workers use two cores; a threaded BLAS inside each would fight over them.
TEST_ENVIRONMENT = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test quick lint format docs bench interop oracles clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

# ---- environments ------------------------------------------------------------------------------

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "bibun needs Python 3.11 or newer; '$(PYTHON)' is older or missing. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

.venv-bench/.installed: benchmarks/requirements.txt pyproject.toml
	@echo "installing bibun and its peers into .venv-bench (torch and jax are large)"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip -qq --disable-pip-version-check install --requirement benchmarks/requirements.txt --editable .
	@touch $@

# The extras of pyproject.toml, one stamp each: examples, test, lint, docs.
$(VENV)/.installed-%: pyproject.toml $(VENV)/.created
	@echo "installing bibun[$*] into $(VENV)"
	@$(PIP) install --editable '.[$*]'
	@touch $@

# ---- what a user runs --------------------------------------------------------------------------

demo: $(VENV)/.installed-examples  ## differentiate one real model, then fit the 20 NIST problems
	@echo '$$ bibun diff examples/nist/models.py:thurber --at examples/nist/thurber.json'
	@$(BIN)/bibun diff examples/nist/models.py:thurber --at examples/nist/thurber.json
	@echo
	@echo '$$ python -m examples.nist'
	@$(BIN)/python -m examples.nist

test: $(VENV)/.installed-test  ## run every test
	@$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -n 2 -q

# ---- what a contributor runs -------------------------------------------------------------------

quick: $(VENV)/.installed-test  ## run the tests without the heavy sweeps
	@$(TEST_ENVIRONMENT) $(BIN)/python -m pytest -n 2 -q -m 'not heavy'

lint: $(VENV)/.installed-lint  ## ruff, mypy and import-linter
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --strict src
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-lint  ## put every file in the one format
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

docs: $(VENV)/.installed-docs  ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "documentation: site/index.html"

bench: .venv-bench/.installed  ## ratios to other packages; BENCH="--quick chain" passes options
	@.venv-bench/bin/python -m benchmarks $(BENCH)

interop: .venv-bench/.installed  ## run the tests of what works together with PyTorch, JAX and autograd
	@$(TEST_ENVIRONMENT) .venv-bench/bin/python -m pytest -q tests/interop tests/compat tests/docs/test_code_blocks.py -k 'not blocks_of or from-'

oracles: .venv-bench/.installed  ## thousands of random calls beside JAX, PyTorch and autograd: values and derivatives
	@$(TEST_ENVIRONMENT) .venv-bench/bin/python -m pytest -q tests/oracles

clean:  ## remove the environments and everything that was built
	rm -rf .venv .venv-bench build dist site .bibun_cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
