#!/bin/sh
# Runs the same checks on x86-64, aarch64, s390x and wasm32, and compares what they tell. The arguments are instructions
# of FreeDOS and of Linux.
set -eu
cd "$(dirname "$0")/.."
freedos=${1:-100000000}
linux=${2:-200000000}
cargo=${CARGO:-cargo}
shared=${RINGZERO_SHARED:-../shared}
targets="aarch64-unknown-linux-musl s390x-unknown-linux-gnu wasm32-unknown-unknown"
out=target/hosts

fail() { echo "test-hosts: $1" >&2; exit 1; }
# Debian names the statically linked emulators so.
emulator() { command -v "qemu-$1-static" || command -v "qemu-$1" || fail "qemu-$1 is missing (qemu-user-static)"; }

command -v rustup >/dev/null || fail "rustup is missing, which adds Rust's targets $targets"
for target in $targets; do
    rustup target list --installed | grep -qx "$target" || rustup target add "$target" ||
        fail "Rust's target $target is missing and cannot be installed"
done
command -v s390x-linux-gnu-gcc >/dev/null || fail "s390x-linux-gnu-gcc is missing (gcc-s390x-linux-gnu)"
command -v node >/dev/null || fail "node is missing (nodejs)"
aarch64=$(emulator aarch64)
s390x=$(emulator s390x)
dos_image=$shared/guests/freedos-1.4MB.img
linux_image=$shared/guests/linux-busybox-i386.img
for file in "$shared/conformance" "$dos_image" "$linux_image"; do
    [ -e "$file" ] || fail "$file is missing (RINGZERO_SHARED says where shared data lies)"
done

mkdir -p "$out"
$cargo run --release -p ringzero-tests --bin sample -- "$out/sample"
$cargo build --release -p ringzero-hosts
for target in $targets; do
    case $target in
        # The module is the library; only here must it be one of its own.
        wasm32-*) $cargo rustc --release -p ringzero-hosts --lib --crate-type cdylib --target "$target" ;;
        *) $cargo build --release -p ringzero-hosts --target "$target" ;;
    esac
done

# check NAME COMMAND...: runs the command on a host and compares its lines with those of x86-64.
check() {
    host=$1
    shift
    begin=$(date +%s)
    "$@" "$out/sample" "$dos_image" "$linux_image" "$freedos" "$linux" >"$out/$host.txt" || fail "$host: the run failed"
    echo "$host: $(wc -l <"$out/$host.txt") results in $(($(date +%s) - begin)) s"
    ./target/release/ringzero-hosts compare "$out/x86-64.txt" "$out/$host.txt" || fail "$host: not as on x86-64"
}
check x86-64 ./target/release/ringzero-hosts run
check aarch64 "$aarch64" target/aarch64-unknown-linux-musl/release/ringzero-hosts run
check s390x "$s390x" target/s390x-unknown-linux-gnu/release/ringzero-hosts run
check wasm32 node hosts/node.mjs target/wasm32-unknown-unknown/release/ringzero_hosts.wasm
grep -E '^(freedos|linux)' "$out/x86-64.txt"
echo "equal on x86-64, aarch64, s390x and wasm32: $(grep -c passed "$out/x86-64.txt") groups of conformance cases, the state hashes above"
