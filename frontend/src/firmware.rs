//! Files that are no disks: kernels, initial RAM disks, BIOS images.

use crate::cli::RunArgs;
use crate::plan::PlanError;
use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::{Config, Symbols};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read whole.
const MOST_BYTES: u64 = 1 << 30;

/// Puts the kernel and the firmware that the command line names into `config`; `image` is a kernel given without an option.
pub(crate) fn load(args: &RunArgs, image: Option<&Path>, config: &mut Config) -> Result<(), PlanError> {
    config.bios = args.bios.as_deref().map(|path| read("--bios", path)).transpose()?;
    config.vga_bios = args.vga_bios.as_deref().map(|path| read("--vga-bios", path)).transpose()?;
    let kernel = args.kernel.as_deref().or(image);
    let Some(path) = kernel else {
        let orphan = [(!args.initrd.is_empty(), "--initrd"), (args.append.is_some(), "--append")];
        return match orphan.into_iter().find(|(given, _)| *given) {
            Some((_, flag)) => Err(PlanError::NeedsKernel(flag)),
            None => Ok(()),
        };
    };
    let initrds = args.initrd.iter().flat_map(|text| split(text)).map(|text| initrd(&text));
    config.kernel = Some(Kernel {
        image: read("--kernel", path)?,
        name: path.display().to_string(),
        initrds: initrds.collect::<Result<_, _>>()?,
        command_line: args.append.clone().unwrap_or_default(),
    });
    Ok(())
}

/// The names of --symbols, or of an ELF kernel that has some.
/// `image` is a kernel given without an option.
pub(crate) fn symbols(args: &RunArgs, image: Option<&Path>) -> Result<Option<Symbols>, PlanError> {
    match (&args.symbols, args.kernel.as_deref().or(image)) {
        (Some(path), _) => {
            let file = read("--symbols", path)?;
            let failed = |source| PlanError::NoSymbols { path: path.clone(), source };
            Symbols::read(&file).map(Some).map_err(failed)
        }
        (None, Some(kernel)) => Ok(Symbols::read(&read("--kernel", kernel)?).ok()),
        (None, None) => Ok(None),
    }
}

/// Several modules stand behind commas, as QEMU has it, unless there is a file of that name.
fn split(text: &str) -> Vec<String> {
    if Path::new(text).exists() {
        return vec![text.to_owned()];
    }
    text.split(',').map(str::to_owned).collect()
}

/// A file, and what a module is told behind a space.
fn initrd(text: &str) -> Result<Initrd, PlanError> {
    let name = match text.split_once(' ') {
        Some((name, _)) if !Path::new(text).exists() => name,
        _ => text,
    };
    Ok(Initrd { data: read("--initrd", &PathBuf::from(name))?, command_line: text.to_owned() })
}

fn read(flag: &'static str, path: &Path) -> Result<Arc<[u8]>, PlanError> {
    let unreadable = |source| PlanError::Unreadable { flag, path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(std::io::Error::other("it is no plain file")));
    }
    if metadata.len() > MOST_BYTES {
        return Err(unreadable(std::io::Error::other("it is larger than 1 GiB")));
    }
    std::fs::read(path).map(Arc::from).map_err(unreadable)
}
