# make run    start the Lab on http://localhost:8501 (PORT=8600; HOST=0.0.0.0 for a class)
# make setup  only the environment, .venv (run, test, check and bench begin with it)
# make test   lint, types and all tests, in a real browser too
# make check  format, lint, types
# make bench  the figures in the README, measured here

PYTHON_IN := .venv/bin/python
CODE = $(wildcard kdcore app bench scripts tests streamlit_app.py)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run setup test check bench screenshot clean

run: setup
	@exec $(PYTHON_IN) scripts/serve.py

setup: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	@test -x $(PYTHON_IN) || { python="$$(sh scripts/find_python.sh)" && "$$python" -m venv .venv; }
	$(PYTHON_IN) -m pip install -r requirements.txt
	$(PYTHON_IN) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(PYTHON_IN) -m pip install -r requirements-dev.txt
	$(PYTHON_IN) -m pip install --no-deps torchdistill==1.1.5 # compared with, never used: its own needs are left out
	@touch $@

test: .venv/installed-dev
	$(PYTHON_IN) -m scripts.prepare_tests
	$(PYTHON_IN) -m ruff check $(CODE)
	$(PYTHON_IN) -m ruff format --check $(CODE)
	$(PYTHON_IN) -m mypy $(CODE)
	$(PYTHON_IN) -m pytest --ignore tests/browser --numprocesses 2 --dist loadgroup
	$(PYTHON_IN) -m pytest tests/browser # one at a time: they watch something move

check: .venv/installed-dev
	$(PYTHON_IN) -m ruff format $(CODE)
	$(PYTHON_IN) -m ruff check --fix $(CODE)
	$(PYTHON_IN) -m mypy $(CODE)

bench: .venv/installed-dev
	$(PYTHON_IN) -m scripts.prepare_tests
	$(PYTHON_IN) -m bench

screenshot: .venv/installed-dev
	$(PYTHON_IN) -m scripts.screenshot

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
