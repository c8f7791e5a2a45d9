# Two commands on a fresh machine: `make book` and `make test`. They need git, make and Python 3.11, 3.12 or 3.13.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
export PYTHON
CHAPTER ?=

# Written when everything in requirements.txt is installed, so its absence means a .venv that is not to be trusted.
INSTALLED := .venv/.installed

# Tools that keep state in the home folder keep it here, so that only the checkout and the cache folder are written to.
# Absolute, because kernels start in the chapters' own folders.
STATE := $(CURDIR)/_build/home
export IPYTHONDIR := $(STATE)/ipython
export JUPYTER_CONFIG_DIR := $(STATE)/jupyter/config
export JUPYTER_DATA_DIR := $(STATE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(STATE)/jupyter/runtime
export KERAS_HOME := $(STATE)/keras
export MPLCONFIGDIR := $(STATE)/matplotlib
# What is installed for the user or on a foreign path must not shadow the lock.
export PYTHONNOUSERSITE := 1
unexport PYTHONPATH PYTHONHOME

.PHONY: help
help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*##/\1 /p' Makefile | while read -r name text; do printf 'make %-9s %s\n' "$$name" "$$text"; done

.PHONY: book
book: _build/.house  ## set up .venv if need be and render the book to _build/html/index.html
	@echo "Rendering the book ..."
	@.venv/bin/jupyter-book build . --keep-going --nitpick --quiet > /dev/null
	@echo "The book: $(CURDIR)/_build/html/index.html"

.PHONY: lab
lab: $(INSTALLED)  ## set up .venv if need be and open the chapters in JupyterLab, to run and change them
	@.venv/bin/python -m jupyter lab book

.PHONY: test
test: $(INSTALLED)  ## set up .venv if need be; unit tests, every chapter run again and compared, style, pages
	@.venv/bin/python -m pytest --nbval --nbval-cell-timeout=600 -n 2 --dist loadscope --durations=15 book tests

.PHONY: bench
bench: $(INSTALLED)  ## set up .venv if need be; time our LSTM beside Keras, torch and ONNX Runtime (some minutes)
	@.venv/bin/python -m benchmarks.speed

.PHONY: refresh
refresh: $(INSTALLED)  ## run all chapters, or CHAPTER=workflow/keras, and store their outputs
	@.venv/bin/python -m lstm_tutorial.reruns.refresh $(CHAPTER)

.PHONY: lock
lock: $(INSTALLED)  ## resolve pyproject.toml anew into requirements.txt
	@.venv/bin/python -m pip install --quiet uv
	@{ \
	  echo "# Everything the book and its tests need, resolved for Python 3.11 to 3.13 on every platform."; \
	  echo "# Derived from pyproject.toml: made by \`make lock\`, not by hand."; \
	  .venv/bin/uv pip compile pyproject.toml --extra book --extra test --extra speech --universal --python-version 3.11 \
	    --no-annotate --no-header --quiet && echo "-e ."; \
	} > requirements.txt.new && mv requirements.txt.new requirements.txt || { rm -f requirements.txt.new; exit 1; }

.PHONY: clean
clean:  ## remove everything derived: _build, the caches and .venv
	@rm -rf _build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# Sphinx renders again the pages that changed, but doesn't see that their style, sidebar or theme did.
_build/.house: $(INSTALLED) _config.yml _toc.yml $(wildcard book/_ext/*.py book/_static/*.* book/_templates/*.*)
	@rm -rf _build/html _build/.doctrees
	@mkdir -p _build
	@touch $@

# A .venv without its stamp was interrupted half-way, perhaps inside a package: it is begun again. With one it is
# brought up to date in place.
$(INSTALLED): requirements.txt pyproject.toml
	@if [ ! -e $@ ] || ! .venv/bin/python -c '' 2> /dev/null; then \
	  if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi; \
	  found=; \
	  for python in "$$@"; do \
	    if "$$python" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      2> /dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "No Python 3.11, 3.12 or 3.13 with its venv module among: $$*. Name one: make PYTHON=/path/to/python" >&2; \
	    exit 1; \
	  fi; \
	  echo "Setting up .venv with $$("$$found" --version) ..."; \
	  "$$found" -m venv --clear .venv || exit 1; \
	fi
	@rm -f $@
	@echo "Installing requirements.txt (a few minutes the first time) ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
