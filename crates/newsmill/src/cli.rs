//! The verbs and what they share: logging, and how an error reaches the person.

use std::io::{IsTerminal, Write};

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use newsmill_ledger::LedgerError;
use newsmill_pipeline::stages;
use newsmill_sink::SinkError;
use newsmill_summarizer::SummarizeError;
use tracing_subscriber::EnvFilter;

use crate::exit::{self, Exit};
use crate::journal;
use crate::{
    cases, check, completions, discover, eval, explain, inspect, models, once, output, parse,
    reload, replay, run, schema, stdout, tap, top,
};

/// Reads news pages and feeds, keeps the articles, and summarizes them with a source for every
/// sentence.
#[derive(Debug, Parser)]
#[command(name = "newsmill", version, after_help = exit::HELP, max_term_width = 100)]
struct Cli {
    /// How log lines on stderr look; for systemd's journal, text has neither time nor colour but a
    /// priority. Which ones: the RUST_LOG variable (default: warn for
    /// one-shot verbs, info for `run`).
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For reading.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read pages, texts or URLs and write a record for each
    Once(once::Args),
    /// Poll the sources of a pipeline.yaml and deliver their articles, until stopped
    Run(run::Args),
    /// A running mill at a glance: who is slow, what fails, what came last
    Top(top::Args),
    /// What passes a stage of a running mill, live, one JSON object a line
    Tap(tap::Args),
    /// Have a running mill take over its changed pipeline.yaml
    Reload(reload::Args),
    /// Is a running mill ready, and if not, which part is not?
    Health(reload::Args),
    /// Run today's cleaner and summarizer over archived pages, and show what would change
    Replay(replay::Args),
    /// The history of one article in plain words
    Fate(inspect::FateArgs),
    /// Sources, counts, and how far behind each sink is
    Status(inspect::StatusArgs),
    /// What gave up: list it, look at it, try it again
    Dead(inspect::DeadArgs),
    /// Show why a page came out as it did: every block, its score and the rule that decided
    Explain(explain::Args),
    /// Run your own tests of a pipeline: saved pages and feeds in, expected records out, offline
    Test(cases::Args),
    /// Measure cleaner or summarizer on truths
    Eval(eval::Args),
    /// Check records against themselves: offsets, extracts, support
    Verify(eval::VerifyArgs),
    /// Models that are not built in: list, fetch, verify and measure them
    Models(models::Args),
    /// The feeds of a page, an OPML list or a configuration: as URLs, as configuration, as OPML
    Discover(discover::Args),
    /// Run one parser over standard input and print what it finds as JSON
    Parse(parse::Args),
    /// Validate a pipeline.yaml and show what it resolves to
    Check(check::Args),
    /// Print the JSON Schema of pipeline.yaml or of a record
    Schema(schema::Args),
    /// Print a script with which a shell completes the command line
    Completions(completions::Args),
    /// Write man pages into a folder
    #[command(hide = true)]
    Man(completions::ManArgs),
}

/// Parses the command line and does what it says.
pub(crate) fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; clap chooses the stream.
            let printed = error.print();
            if error.use_stderr() {
                return Exit::Usage;
            }
            let printed = printed.map_err(|error| output::named(stdout::NAME, &error));
            return done(printed.map(|()| Exit::Done).map_err(anyhow::Error::from));
        }
    };
    let default = if matches!(cli.verb, Verb::Run(_)) { "info" } else { "warn" };
    start_logging(cli.log_format, default);
    let result = match cli.verb {
        Verb::Once(args) => once::run(args),
        Verb::Run(args) => run::run(&args),
        Verb::Top(args) => top::run(&args),
        Verb::Tap(args) => tap::run(args),
        Verb::Reload(args) => reload::reload(&args),
        Verb::Health(args) => reload::health(&args),
        Verb::Replay(args) => replay::run(args),
        Verb::Fate(args) => inspect::fate(&args),
        Verb::Status(args) => inspect::status(&args),
        Verb::Dead(args) => inspect::dead(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Test(args) => cases::run(&args),
        Verb::Eval(args) => eval::run(&args),
        Verb::Verify(args) => eval::verify(&args),
        Verb::Models(args) => models::run(&args),
        Verb::Discover(args) => discover::run(&args),
        Verb::Parse(args) => parse::run(&args),
        Verb::Check(args) => check::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Completions(args) => completions::run(&args, Cli::command()),
        Verb::Man(args) => completions::man(&args, Cli::command()),
    };
    done(result)
}

/// How the process ends, after everything that was printed has left it.
fn done(result: anyhow::Result<Exit>) -> Exit {
    let printed = |exit| Ok(stdout::lock().flush().map(|()| exit)?);
    result.and_then(printed).unwrap_or_else(|error| report(&error))
}

/// Says on stderr what went wrong, with its causes, and chooses the exit code. A closed stdout
/// is the reader's choice and ends quietly.
fn report(error: &anyhow::Error) -> Exit {
    // JSON that could not be written hides that among its own errors.
    let io = error.chain().find_map(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        io.or_else(|| cause.downcast_ref::<serde_json::Error>()?.io_error_kind())
    });
    let closed = io == Some(std::io::ErrorKind::BrokenPipe)
        || error.chain().any(|cause| matches!(cause.downcast_ref(), Some(SinkError::ClosedPipe)));
    if closed {
        return Exit::Done;
    }
    let _ = writeln!(std::io::stderr(), "newsmill: {}", stages::causes(error.as_ref()));
    let summarizer = error.chain().find_map(|cause| cause.downcast_ref::<SummarizeError>());
    let ledger = error.chain().find_map(|cause| cause.downcast_ref::<LedgerError>());
    if io.is_some() || ledger.is_some_and(LedgerError::is_of_the_file) {
        Exit::Io
    } else if summarizer.is_some_and(SummarizeError::is_of_configuration) {
        Exit::Usage
    } else {
        Exit::Software
    }
}

fn start_logging(format: LogFormat, default: &str) {
    // The parser warns of every odd page; that is what news pages are.
    let default = format!("{default},html5ever=error");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    if format == LogFormat::Text && journal::is_stderr() {
        let lines = tracing_subscriber::fmt().with_env_filter(filter);
        return lines.with_writer(std::io::stderr).event_format(journal::Lines).init();
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}

#[cfg(test)]
mod tests {
    use newsmill_pipeline::stages::Fatal;

    use super::*;

    #[test]
    fn a_model_that_the_configuration_names_wrongly_is_no_fault_of_newsmill() {
        let exit = |error: SummarizeError| report(&Fatal::new("summarizer", error).into());
        assert_eq!(exit(SummarizeError::Config("another SHA-256".to_owned())), Exit::Usage);
        assert_eq!(exit(SummarizeError::NoSentence), Exit::Software);
        let missing = std::io::Error::other("no such file");
        assert_eq!(report(&Fatal::new("summarizer", missing).into()), Exit::Io);
    }
}
