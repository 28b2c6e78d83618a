//! `ringzero run`: from a checked plan to an exit code.

use crate::audio::Audio;
use crate::cli::RunArgs;
use crate::cli::values::{AudioTarget, DebugTarget, SerialTarget};
use crate::goals::{Goals, Limits};
use crate::live::{self, Habits, NoViewer};
#[cfg(feature = "window")]
use crate::looks::Looks;
use crate::plan::{self, Display, Plan, Timing};
use crate::record::Recording;
use crate::serial::{Sink, Stdin};
use crate::session::{Outputs, Rules, Session};
use crate::trace::TracePlan;
use crate::verdict::{EXIT_USAGE, Verdict};
use crate::{batch, report, screenshot, signals};
use ringzero_machine::{PostMortem, Symbols, supervise};
use std::any::Any;
use std::io::{self, IsTerminal};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Runs, says the verdict and gives the exit code.
pub(crate) fn run(args: &RunArgs) -> ExitCode {
    let result = plan::check(args).map_err(|error| error.to_string()).and_then(|plan| start(args, plan));
    match result {
        Ok(Ended { verdict, post_mortem, told }) => {
            // The verdict comes last, where people and scripts look for it, but for statistics that were asked for.
            report::print(&post_mortem);
            if verdict != Verdict::Closed {
                report::say(&verdict.to_string());
            }
            report::print(&told);
            ExitCode::from(verdict.exit_code())
        }
        Err(line) => {
            report::say(&line);
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// How a run ended, and what there is to say of it.
struct Ended {
    verdict: Verdict,
    post_mortem: String,
    /// Statistics.
    told: String,
}

impl From<(Verdict, String)> for Ended {
    fn from((verdict, told): (Verdict, String)) -> Self {
        Self { verdict, post_mortem: String::new(), told }
    }
}

/// Where the screen really goes.
enum Stage {
    #[cfg(feature = "window")]
    Window(Box<crate::window::Desktop>),
    Terminal,
    Headless,
}

/// Finds a place for the screen: the one asked for, or the best there is.
fn stage(display: Display, serial: &[SerialTarget; 2]) -> Result<Stage, String> {
    let reason = match display {
        Display::Headless => return Ok(Stage::Headless),
        Display::Terminal if crate::terminal::is_available() => return Ok(Stage::Terminal),
        Display::Terminal => {
            return Err("--display terminal: stdin and stdout are no terminal; use --headless".to_owned());
        }
        Display::Window | Display::Best => match desktop() {
            Ok(stage) => return Ok(stage),
            Err(reason) => reason,
        },
    };
    if display == Display::Window {
        return Err(format!("no window: {reason}; use --display terminal or --headless"));
    }
    if crate::terminal::is_available() && !serial.contains(&SerialTarget::Stdio) {
        report::say(&format!("note: no window ({reason}), so the screen is shown in this terminal"));
        return Ok(Stage::Terminal);
    }
    report::say(&format!("note: no window ({reason}) and no terminal: running headless"));
    Ok(Stage::Headless)
}

#[cfg(feature = "window")]
fn desktop() -> Result<Stage, String> {
    crate::window::Desktop::connect().map(|desktop| Stage::Window(Box::new(desktop)))
}

#[cfg(not(feature = "window"))]
fn desktop() -> Result<Stage, String> {
    Err("this ringzero was built without windows".to_owned())
}

fn start(args: &RunArgs, mut plan: Plan) -> Result<Ended, String> {
    for note in &plan.notes {
        report::say(&format!("note: {note}"));
    }
    let stage = stage(plan.display, &plan.serial)?;
    let headless = matches!(stage, Stage::Headless);
    let habits = Habits { timing: plan.timing, survives_hangs: !headless, judged: headless };
    let title = std::mem::take(&mut plan.title);
    signals::install();
    if matches!(stage, Stage::Terminal) && args.debugcon.is_none() && io::stderr().is_terminal() {
        // It would be written across the guest's screen.
        plan.debug = DebugTarget::Null;
    }
    let symbols = plan.symbols.clone();
    if headless {
        plan.machine.cpu_mut().record_trail(args.history);
    }
    // The rate is measured by what this host really executes.
    plan.machine.set_passes_over_loops(plan.timing == Timing::Free);
    let mut session = connect(args, plan, headless).map_err(|error| error.to_string())?;
    match stage {
        #[cfg(feature = "window")]
        Stage::Window(desktop) => desktop
            .show(session, title, habits, looks(args), &args.joystick)
            .map(Ended::from)
            .map_err(|reason| format!("no window: {reason}; use --display terminal or --headless")),
        Stage::Terminal => crate::terminal::show(session, &title, habits, args.graphics, &args.joystick)
            .map(Ended::from)
            .map_err(|error| format!("the terminal cannot be used: {error}; use --headless")),
        Stage::Headless => {
            let verdict = if habits.timing == Timing::Free {
                guarded(&mut session, batch::run)
            } else {
                paced(args, &mut session, habits)
            };
            let told = finish(args, &mut session);
            let post_mortem = post_mortem(&verdict, &session, symbols);
            Ok(Ended { verdict, post_mortem, told })
        }
    }
}

/// How the window is to look.
#[cfg(feature = "window")]
fn looks(args: &RunArgs) -> Looks {
    let status_line = !args.no_status;
    let key_stick = args.joystick == crate::joystick::Source::Keys;
    Looks { filter: args.filter, aspect: args.aspect, full_screen: args.full_screen, status_line, key_stick }
}

/// What there is to say of a run that ended badly.
fn post_mortem(verdict: &Verdict, session: &Session, symbols: Option<Arc<Symbols>>) -> String {
    // Where a reset is no failure it is what was asked for.
    let outcome = session.goals.outcome().filter(|_| *verdict != Verdict::Reset);
    outcome.map(|outcome| PostMortem::of(&session.machine, outcome, symbols).to_string()).unwrap_or_default()
}

/// A headless run in step with the wall clock; with `--nographic` the terminal's keys are the guest's.
fn paced(args: &RunArgs, session: &mut Session, habits: Habits) -> Verdict {
    let (control, controls) = mpsc::channel();
    let mut raw = None;
    if args.nographic && session.stdin.is_some() && Stdin::is_terminal() {
        raw = crate::terminal::RawMode::enter().ok();
        session.stdin = Some(Stdin::open_keys(control));
    }
    let verdict = guarded(session, |session| live::run(session, &mut NoViewer, &controls, habits));
    drop(raw);
    verdict
}

/// Opens the host's files and connects the machine with them.
fn connect(args: &RunArgs, plan: Plan, headless: bool) -> io::Result<Session> {
    let port = plan.serial.iter().position(|target| *target == SerialTarget::Stdio);
    let mut serial = [Sink::serial(&plan.serial[0])?, Sink::serial(&plan.serial[1])?];
    if headless && args.serial.is_empty() {
        serial[0] = Sink::Stdout;
    }
    let audio = match &plan.audio {
        AudioTarget::Wav(path) => Audio::wav(path)?,
        AudioTarget::Card => Audio::card(),
        AudioTarget::None => Audio::None,
    };
    let outputs = Outputs { serial, debug: Sink::debug(&plan.debug)?, audio };
    let rules = Rules { reset_at_shutdown: !args.no_reboot && (args.reboot || !headless) };
    let mut session = Session::new(plan.machine, goals(args, headless), outputs, rules);
    session.shelf = plan.shelf;
    (session.accounts.tells, session.accounts.profile) = (args.stats, args.profile.clone());
    if args.profile.is_some() {
        session.machine.start_profile(args.profile_every, plan.symbols.clone());
    }
    if let Some(path) = &args.record {
        session.recording = Some(Recording::create(path, &session.machine).map_err(io::Error::other)?);
    }
    session.trace = plan
        .trace
        .map(|filter| TracePlan::open(filter, args.trace_file.as_deref(), plan.symbols))
        .transpose()?;
    if let Some(port) = port {
        session.stdin_port = port;
        let keys = args.nographic && Stdin::is_terminal() && plan.timing != Timing::Free;
        session.stdin = Some(if keys { Stdin::none() } else { Stdin::open() });
    }
    Ok(session)
}

fn goals(args: &RunArgs, headless: bool) -> Goals {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let guest = supervise::Limits {
        instructions: args.max_instructions,
        virtual_ns: args.max_virtual.map(nanoseconds),
        serial_bytes: args.max_serial,
        disk_bytes: args.max_disk,
        hang_after_ns: args.hang_after.map(nanoseconds),
    };
    let limits = Limits { timeout: args.timeout, guest };
    let typed = headless && args.type_text.is_some();
    Goals::new(args.expect_screen.clone(), args.expect_serial.clone(), limits, typed)
        .with_success_exit(args.success_exit)
        .with_failing_reset(args.reset_fails)
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

pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown panic").replace('\n', " ")
}

/// What was asked for at the end. Gives what is to be told behind the verdict.
fn finish(args: &RunArgs, session: &mut Session) -> String {
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
    session.close()
}
