#!/bin/sh
# Installs what the build needs and this system lacks; changes nothing where all is there. With the word "test" also
# what the tests of the window, of the test ROM and of disks need, with "soak" what `make soak` needs besides; with "hosts" what
# `make test-hosts` needs.
set -eu
for_tests=${1:-}
for_hosts=""
if [ "$for_tests" = hosts ]; then
    for_hosts=hosts
    for_tests=""
fi

missing=""
need() { missing="$missing $1"; }

command -v make >/dev/null 2>&1 || need make
# A compiler without the C library's development files cannot link.
links() { echo "int main(void) { return 0; }" | cc -x c - -o /dev/null 2>/dev/null; }
links || need "gcc libc6-dev"
command -v pkg-config >/dev/null 2>&1 || need pkg-config
# Sound goes to ALSA.
[ "$(uname -s)" != Linux ] || pkg-config --exists alsa 2>/dev/null || need libasound2-dev

# The window library loads these when it runs.
has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q "$1"; }
if [ "$(uname -s)" = Linux ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}$for_tests" ]; then
    has_library libX11-xcb.so.1 || need libx11-xcb1
    has_library libXcursor.so.1 || need libxcursor1
    has_library libXi.so.6 || need libxi6
    has_library libXrandr.so.2 || need libxrandr2
    has_library libxkbcommon-x11.so.0 || need libxkbcommon-x11-0
fi

if [ -n "$for_tests" ] && [ "$(uname -s)" = Linux ]; then
    command -v Xvfb >/dev/null 2>&1 || need xvfb
    command -v xwd >/dev/null 2>&1 || need x11-apps
    command -v xdotool >/dev/null 2>&1 || need xdotool
    # The protected-mode test ROM also runs under these.
    command -v qemu-system-i386 >/dev/null 2>&1 || need qemu-system-x86
    command -v bochs-bin >/dev/null 2>&1 || need "bochs bochsbios"
    # Firmware that the tests start.
    [ -e /usr/share/bochs/BIOS-bochs-latest ] || need bochsbios
    [ -e /usr/share/seabios/bios.bin ] || need seabios
    [ -e /usr/share/vgabios/vgabios.bin ] || need vgabios
    # What guests do to disks is judged by these.
    has_tool() { PATH="$PATH:/sbin:/usr/sbin" command -v "$1" >/dev/null 2>&1; }
    has_tool mcopy || need mtools
    has_tool fsck.fat || need dosfstools
    { has_tool e2fsck && has_tool debugfs; } || need e2fsprogs
    has_tool sfdisk || need fdisk
    # `make soak` makes a Debian root.
    [ "$for_tests" != soak ] || has_tool debootstrap || need debootstrap
    # The installer that the tests start by its kernel.
    [ -d /usr/lib/debian-installer/images/12/i386 ] || need debian-installer-12-netboot-i386
fi

# Other hosts: a linker and C library for s390x (aarch64's come with Rust), emulators of both, an engine for WebAssembly.
if [ -n "$for_hosts" ] && [ "$(uname -s)" = Linux ]; then
    command -v s390x-linux-gnu-gcc >/dev/null 2>&1 || need gcc-s390x-linux-gnu
    [ -e /usr/s390x-linux-gnu/lib/libc.a ] || need libc6-dev-s390x-cross
    for arch in aarch64 s390x; do
        command -v "qemu-$arch-static" >/dev/null 2>&1 || command -v "qemu-$arch" >/dev/null 2>&1 || need qemu-user-static
    done
    command -v node >/dev/null 2>&1 || need nodejs
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "Rust is missing: install it from https://rustup.rs" >&2
    exit 1
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These are missing:$missing (Debian's names). Install what your system calls them: a C compiler and linker," >&2
    echo "pkg-config, the ALSA development files (alsa-lib-devel, alsa-lib, alsa-lib-dev), and for the window the X11" >&2
    echo "libraries libX11-xcb, libXcursor, libXi, libXrandr and libxkbcommon-x11." >&2
    exit 1
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null 2>&1; then
        echo "These packages are missing and there is no sudo: as root, apt-get install$missing" >&2
        exit 1
    fi
fi
echo "installing$missing" >&2
# A stale package list is the usual reason for a failure: renew it only then.
install() { DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends $missing; }
install || { $sudo apt-get update && install; } || {
    echo "missing, and cannot be installed:$missing" >&2
    exit 1
}
