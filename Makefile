# RingZero: `make run` opens the machine, `make test` checks it. `make help` lists the rest.

CARGO   ?= cargo
CORE    := bus float cpu devices roms bios machine
WASM    := wasm32-unknown-unknown
SKIPPED := $(CURDIR)/target/skipped
PURE    := $(patsubst %,-p ringzero-%,$(CORE))

# A minute of fuzzing belongs to every change; `make soak` takes ten.
RINGZERO_FUZZ_SECONDS ?= 60
RINGZERO_SOAK_SECONDS ?= 600
# At least so many instructions each of protected, virtual-8086 and paged code, however slow the host.
RINGZERO_SOAK_INSTRUCTIONS ?= 40000000

.DEFAULT_GOAL := help
.PHONY: help run test test-hosts test-checked bench bench-peers lint soak packages wasm

help:
	@echo "make run    build, and start the machine (ARGS=\"IMAGE --cpu 386 ...\" are passed on)"
	@echo "make test   every test, and the core crates for $(WASM)"
	@echo "make test-hosts  conformance cases and state hashes of guests, equal on x86-64, aarch64, s390x and $(WASM)"
	@echo "make lint   format, clippy and documentation, warnings denied"
	@echo "make test-checked  conformance sets, fuzzing and guests on a processor that verifies every unchecked access"
	@echo "make bench  the figures of README.md, and what the processor's parts cost"
	@echo "make bench-peers  the same kernels here, under QEMU and under Bochs; writes docs/BENCHMARKS.md (ROUNDS=3)"
	@echo "make soak   fuzzing for RINGZERO_SOAK_SECONDS (now $(RINGZERO_SOAK_SECONDS)), a million arguments to the x87's functions,"
	@echo "            guests that fill disks of 500 MB and 64 GB, 200 kills while a guest copies files, Debian's X and sound, and test-hosts"

run: packages
	$(CARGO) build --release -p ringzero-frontend
	./target/release/ringzero run $(ARGS)

test:
	@./packages.sh test
	@mkdir -p target && rm -f $(SKIPPED)
	RINGZERO_SKIP_LOG=$(SKIPPED) $(CARGO) test --workspace --exclude ringzero-tests
	RINGZERO_SKIP_LOG=$(SKIPPED) RINGZERO_FUZZ_SECONDS=$(RINGZERO_FUZZ_SECONDS) $(CARGO) test --release -p ringzero-tests
	RINGZERO_SKIP_LOG=$(SKIPPED) $(CARGO) test --release -p ringzero-tests --features checked --test all -- conformance
	$(MAKE) --no-print-directory wasm
	@if [ -s $(SKIPPED) ]; then \
	    echo "passed; skipped $$(sort -u $(SKIPPED) | wc -l): $$(sort -u $(SKIPPED) | paste -sd' ')"; \
	else echo "passed; skipped 0"; fi

# What the unsafe code relies on is verified before every use.
test-checked:
	$(CARGO) test --release -p ringzero-bus -p ringzero-cpu --features checked
	RINGZERO_FUZZ_SECONDS=$(RINGZERO_FUZZ_SECONDS) \
	    $(CARGO) test --release -p ringzero-tests --features checked --test all -- conformance fuzz:: guests:: \
	    --skip pc_guests

# The core crates know nothing of a host: they build where there is none.
wasm:
	@if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx $(WASM); then rustup target add $(WASM); fi
	$(CARGO) check --target $(WASM) $(PURE) -p ringzero-hosts

# The same checks here, on emulated hosts and under Node.
test-hosts:
	@./packages.sh hosts
	@CARGO="$(CARGO)" ./hosts/run.sh

lint: packages
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench: packages
	$(CARGO) build --release -p ringzero-frontend
	$(CARGO) run --release -p ringzero-tests --bin figures
	$(CARGO) bench -p ringzero-cpu --bench core

bench-peers:
	@$(CARGO) build --release -p ringzero-frontend
	@$(CARGO) run --release -p ringzero-tests --bin peers

soak:
	@./packages.sh soak
	RINGZERO_FUZZ_SECONDS=$(RINGZERO_SOAK_SECONDS) RINGZERO_FUZZ_INSTRUCTIONS=$(RINGZERO_SOAK_INSTRUCTIONS) \
	    RINGZERO_SEED=$${RINGZERO_SEED:-$$(date +%s)} \
	    $(CARGO) test --release -p ringzero-tests --test all fuzz:: -- --nocapture
	$(CARGO) run --release -p ringzero-tests --bin transcendentals
	$(CARGO) run --release -p ringzero-tests --bin disks -- dos
	$(CARGO) run --release -p ringzero-tests --bin disks -- debian
	$(CARGO) run --release -p ringzero-tests --bin disks -- kill
	$(CARGO) run --release -p ringzero-tests --bin desktop
	$(CARGO) run --release -p ringzero-tests --bin endurance boots
	$(CARGO) run --release -p ringzero-tests --bin endurance memtest
	$(MAKE) --no-print-directory test-checked
	$(MAKE) --no-print-directory test-hosts

packages:
	@./packages.sh
