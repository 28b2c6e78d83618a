//! Arguments before clap sees them: QEMU's single dashes, and `run` where no command is named.

use std::ffi::{OsStr, OsString};

/// What stands where a command may stand and is not an image.
const COMMANDS: [&str; 9] = ["run", "runner", "test", "list", "help", "--help", "-h", "--version", "-V"];

/// QEMU's options for what this machine does not have, and what it lacks.
const MISSING: [(&[&str], &str); 6] = [
    (&["smp"], "more than one processor is not supported yet"),
    (&["netdev"], "network cards are not supported yet"),
    (&["pflash"], "firmware in flash memory is not supported yet; use --bios"),
    (&["s", "S", "gdb"], "the debugger connection is not supported yet"),
    (&["enable-kvm"], "this is an emulator and takes no accelerator; leave it away"),
    (&["monitor", "qmp"], "there is no monitor; leave it away"),
];

/// QEMU's options with the values that ask for nothing else than what is so anyway.
const GRANTED: [(&str, &[&str]); 8] = [
    ("monitor", &["none", "null"]),
    ("vga", &["std", "cirrus"]),
    ("net", &["none"]),
    ("nic", &["none"]),
    ("machine", &["pc"]),
    ("M", &["pc"]),
    ("accel", &["tcg"]),
    ("parallel", &["none", "null"]),
];
/// The same, without a value.
const GRANTED_FLAGS: [&str; 3] = ["nodefaults", "no-fd-bootcheck", "no-shutdown"];

/// An option that QEMU has and this program lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {reason}")]
pub(crate) struct Unsupported {
    option: String,
    reason: &'static str,
}

/// What an argument is.
enum Known {
    Option { name: String, takes_value: bool, value: Option<String> },
    Granted { takes_value: bool },
    Other,
}

/// Rewrites `args`, the program's name first, for `cli`.
pub(crate) fn normalise(args: Vec<OsString>, cli: &clap::Command) -> Result<Vec<OsString>, Unsupported> {
    let mut args = args.into_iter();
    let mut out: Vec<OsString> = args.next().into_iter().collect();
    let mut args = args.peekable();
    let command = args.peek().and_then(|first| first.to_str()).filter(|first| COMMANDS.contains(first));
    let is_runner = command == Some("runner");
    match command {
        Some("run" | "runner") => out.extend(args.next()),
        Some(_) => {
            out.extend(args);
            return Ok(out);
        }
        None => out.push("run".into()),
    }
    let run = cli.find_subcommand("run").expect("the program has a run command");
    while let Some(arg) = args.next() {
        let is_kernel = is_runner && !arg.as_encoded_bytes().starts_with(b"-");
        if is_kernel {
            // What stands behind it is the kernel's.
            out.push("--".into());
        }
        if is_kernel || arg == "--" {
            out.push(arg);
            out.extend(args);
            break;
        }
        match classify(&arg, args.peek().map(OsString::as_os_str), run)? {
            Known::Other => out.push(arg),
            Known::Granted { takes_value } => {
                if takes_value {
                    args.next();
                }
            }
            Known::Option { name, value: Some(value), .. } => out.push(format!("{name}={value}").into()),
            Known::Option { name, takes_value, value: None } => {
                let next = args.next_if(|next| takes_value && is_value(&name, next));
                out.push(join(name, next));
            }
        }
    }
    Ok(out)
}

/// Options whose value may begin with a dash.
fn is_value(name: &str, next: &OsStr) -> bool {
    let free_text = matches!(name, "--type" | "--append" | "--expect-screen" | "--expect-serial");
    free_text || !next.as_encoded_bytes().starts_with(b"-")
}

fn join(name: String, value: Option<OsString>) -> OsString {
    let mut joined = OsString::from(name);
    if let Some(value) = value {
        joined.push("=");
        joined.push(value);
    }
    joined
}

fn classify(arg: &OsStr, next: Option<&OsStr>, run: &clap::Command) -> Result<Known, Unsupported> {
    let Some(text) = arg.to_str() else { return Ok(Known::Other) };
    let Some(dashed) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
        return Ok(Known::Other);
    };
    let (name, value) = match dashed.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (dashed, None),
    };
    if let Some(option) = run.get_arguments().find(|option| is_called(option, name)) {
        let takes_value = option.get_action().takes_values();
        return Ok(Known::Option { name: format!("--{name}"), takes_value, value });
    }
    if GRANTED_FLAGS.contains(&name) {
        return Ok(Known::Granted { takes_value: false });
    }
    let next = next.and_then(OsStr::to_str).unwrap_or_default();
    if GRANTED.iter().any(|(granted, values)| *granted == name && values.contains(&next)) {
        return Ok(Known::Granted { takes_value: true });
    }
    match MISSING.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, reason)) => Err(Unsupported { option: text.to_owned(), reason }),
        None => Ok(Known::Other),
    }
}

fn is_called(option: &clap::Arg, name: &str) -> bool {
    let aliases = option.get_all_aliases().unwrap_or_default();
    option.get_long() == Some(name) || aliases.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn normalised(line: &str) -> Result<String, Unsupported> {
        let args = std::iter::once("ringzero").chain(line.split_whitespace()).map(OsString::from).collect();
        let out = normalise(args, &crate::cli::Cli::command())?;
        let words: Vec<String> = out.into_iter().skip(1).map(|word| word.into_string().unwrap()).collect();
        Ok(words.join(" "))
    }

    #[test]
    fn one_dash_becomes_two_and_values_are_joined() {
        assert_eq!(normalised("-fda a.img -no-reboot").unwrap(), "run --fda=a.img --no-reboot");
    }

    #[test]
    fn values_are_left_alone() {
        assert_eq!(normalised("--type -serial x").unwrap(), "run --type=-serial x");
    }

    #[test]
    fn a_missing_value_is_left_to_clap() {
        assert_eq!(normalised("-fda -snapshot").unwrap(), "run --fda --snapshot");
    }

    #[test]
    fn commands_are_kept() {
        assert_eq!(normalised("list cpus").unwrap(), "list cpus");
        assert_eq!(normalised("run a.img").unwrap(), "run a.img");
        assert_eq!(normalised("--help").unwrap(), "--help");
    }

    #[test]
    fn nothing_is_rewritten_behind_a_double_dash() {
        assert_eq!(normalised("-- -fda").unwrap(), "run -- -fda");
    }

    #[test]
    fn nothing_is_rewritten_behind_a_runners_kernel() {
        assert_eq!(normalised("runner -m 64 k -m 3 -- x").unwrap(), "runner --m=64 -- k -m 3 -- x");
        assert_eq!(normalised("runner -- k -fda").unwrap(), "runner -- k -fda");
    }

    #[test]
    fn what_is_so_anyway_is_granted() {
        assert_eq!(normalised("-monitor none -vga std a.img").unwrap(), "run a.img");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(normalised("-netdev user").unwrap_err().to_string().starts_with("-netdev: network"));
    }
}
