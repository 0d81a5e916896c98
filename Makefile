# Everything that is done with this repository, one target each. `make` alone lists them.
# Needs Rust, a C compiler and Python 3 with pip; what else a target needs, it fetches or names.

CARGO  ?= cargo
PYTHON ?= python3
# `make onnxruntime VARIANT=gpu` takes the library that runs on CUDA 13 with cuDNN 9.
VARIANT ?= cpu

.DEFAULT_GOAL := help
.PHONY: help build demo test lint test-rust test-faults test-clients test-deploy bench train onnxruntime docs clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: onnxruntime ## leave the program at target/release/demur
	$(CARGO) build --release --locked --package demur

demo: build ## an over-refusing model, before and after: prints a table, then stays up
	target/release/demur demo

test: lint test-rust ## format, lints and every Rust test (what CI runs first)

lint: ## formatting and lints alone
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

test-rust: onnxruntime ## every Rust test alone: unit, property, end to end
	$(CARGO) test --workspace --locked

test-faults: onnxruntime ## everything that can break around demur, broken on purpose (docs/reference/faults.md)
	$(CARGO) test --locked --package demur-tests --test faults

test-clients: onnxruntime ## the official clients for Python and Node, with and without demur in between
	tests/clients/run.sh

test-deploy: onnxruntime ## the Helm chart, alerts, dashboard and manifests (fetches Helm, promtool)
	tests/deploy/run.sh

bench: onnxruntime ## demur beside nginx, and the classifiers beside a bare ONNX loop
	tests/bench/run.sh

train: ## train the shipped classifiers anew from their seed (DEMUR_DATA names the data)
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --requirement classifiers/training/requirements.txt
	.venv/bin/python classifiers/training/train.py

onnxruntime: ## fetch ONNX Runtime, checked to the byte, into .onnxruntime/ (VARIANT=gpu for CUDA)
	@$(PYTHON) classifiers/fetch-onnxruntime.py --variant $(VARIANT)

docs: ## rewrite the generated reference pages and build the crates' documentation
	UPDATE=1 $(CARGO) test --locked --package demur-tests --test docs --test library
	tests/deploy/run.sh --write
	$(CARGO) doc --no-deps --workspace --locked

clean: ## remove what was built and fetched
	$(CARGO) clean
	rm -rf .onnxruntime tests/.cache
