//! `ringzero runner`.

use super::RunArgs;
use clap::Args;
use std::ffi::OsString;

const NOTES: &str = "\
In a kernel crate's .cargo/config.toml:

  [target.'cfg(target_os = \"none\")']
  runner = \"ringzero runner\"

`cargo run` boots the kernel then, and `cargo test` every test kernel. Options go before the kernel:
runner = \"ringzero runner -m 64 --timeout 60\". What stands behind it, as in `cargo test -- ARGS`, is its command line.

KERNEL is
  an ELF file with a multiboot 1, multiboot 2 or PVH header, or a Linux kernel: loaded without a disk;
  a disk image: of a CD (El Torito), a diskette, else a hard disk, as boot loaders' tools make them.

Where it differs from `ringzero run`, unless the option is given:
  --headless            the screen goes nowhere (not with --display)
  --snapshot            disks are never changed
  --no-reboot           a reset ends the run, as a triple fault does, and is a failure
  --device isa-debug-exit,iobase=0xf4,iosize=4, and pvpanic at port 505h
  --success-exit 33     10h written to the debug exit is success
  --timeout 300         seconds of host time (not where someone looks or types: --display, --nographic)
  --hang-after 60       virtual seconds in which nothing shows (the same)

Serial output goes to stdout. The verdict goes to stderr, and with it an account of what went wrong, with
names from the ELF file.

Exit codes:
   0  10h was written to the debug exit, or the power was switched off
   1  0 was written to it; another value gives (value << 1) | 1
  64  wrong usage, or a kernel that cannot be booted      70  a fault of ringzero
  80  triple fault             81  hang or reset loop     82  --timeout
  83  another limit            84  a reset                85  panic, by its words or by pvpanic

docs/RUNNER.md has recipes for Rust and C kernels and for CI.";

const USAGE: &str = "ringzero runner [OPTIONS] [--] KERNEL [ARGS]...";

/// `ringzero runner`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE, after_help = NOTES)]
#[command(mut_arg("image", |image| image.value_name("KERNEL").help("The kernel, or a disk image")))]
// Help lists what was changed last at the end.
#[command(mut_arg("args", |args| args))]
pub(crate) struct RunnerArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The kernel's command line.
    #[arg(value_name = "ARGS")]
    pub(crate) args: Vec<OsString>,
}
