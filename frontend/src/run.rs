//! `ringzero run`: from a checked plan to an exit code.

use crate::audio::Audio;
use crate::cli::RunArgs;
use crate::cli::values::{AudioTarget, SerialTarget};
use crate::goals::{Goals, Limits};
use crate::plan::{self, Plan};
use crate::serial::{Sink, Stdin};
use crate::session::{Outputs, Rules, Session};
use crate::verdict::{EXIT_USAGE, Verdict};
use crate::{batch, report, screenshot, signals};
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs, says the verdict and gives the exit code.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    match plan::check(args) {
        Ok(plan) => start(args, plan),
        Err(error) => usage(&error.to_string()),
    }
}

fn usage(line: &str) -> ExitCode {
    report::say(line);
    ExitCode::from(EXIT_USAGE)
}

fn start(args: &RunArgs, plan: Plan) -> ExitCode {
    for note in &plan.notes {
        report::say(&format!("note: {note}"));
    }
    signals::install();
    let mut session = match connect(args, plan) {
        Ok(session) => session,
        Err(error) => return usage(&error.to_string()),
    };
    let verdict = guarded(&mut session, batch::run);
    let verdict = finish(args, &mut session, verdict);
    report::say(&verdict.to_string());
    ExitCode::from(verdict.exit_code())
}

/// Opens the host's files and connects the machine with them.
fn connect(args: &RunArgs, plan: Plan) -> io::Result<Session> {
    let headless = plan.display == plan::Display::Headless;
    let reads_stdin = plan.serial.iter().position(|target| *target == SerialTarget::Stdio);
    let mut serial = [Sink::serial(&plan.serial[0])?, Sink::serial(&plan.serial[1])?];
    if headless && args.serial.is_empty() {
        serial[0] = Sink::Stdout;
    }
    let audio = match &plan.audio {
        AudioTarget::Wav(path) => Audio::wav(path)?,
        AudioTarget::Card | AudioTarget::None => Audio::None,
    };
    let outputs = Outputs { serial, debug: Sink::debug(&plan.debug)?, audio };
    let limits =
        Limits { timeout: args.timeout, instructions: args.max_instructions, virtual_time: args.max_virtual };
    let typed = headless && args.type_text.is_some();
    let goals = Goals::new(args.expect_screen.clone(), args.expect_serial.clone(), limits, typed);
    let rules = Rules {
        success_exit: args.success_exit,
        reset_at_shutdown: !args.no_reboot && (args.reboot || !headless),
    };
    let mut session = Session::new(plan.machine, goals, outputs, rules);
    if let Some(text) = &args.type_text {
        session.machine.type_text(&text.0).map_err(io::Error::other)?;
    }
    if let Some(port) = reads_stdin {
        session.stdin_port = port;
        session.stdin = Some(Stdin::open());
    }
    Ok(session)
}

/// Runs `body`; a panic of ours becomes a verdict.
pub(crate) fn guarded(session: &mut Session, body: impl FnOnce(&mut Session) -> Verdict) -> Verdict {
    match catch_unwind(AssertUnwindSafe(|| body(session))) {
        Ok(verdict) => verdict,
        Err(payload) => {
            let state = catch_unwind(AssertUnwindSafe(|| session.state_line()));
            let message = panic_message(payload.as_ref());
            Verdict::Internal { message, state: state.unwrap_or_else(|_| "no state".to_owned()) }
        }
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown panic").replace('\n', " ")
}

/// What was asked for at the end; a failure there is a failure of the run.
fn finish(args: &RunArgs, session: &mut Session, verdict: Verdict) -> Verdict {
    if args.dump_screen {
        report::dump_screen(session);
    }
    if let Some(path) = &args.screenshot
        && let Err(error) = screenshot::save(&session.machine, path)
    {
        report::say(&format!("warning: no screenshot: {error}"));
    }
    if args.state_hash {
        report::print_state_hash(session);
    }
    session.close();
    verdict
}
