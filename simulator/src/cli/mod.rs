//! What a person types, and what the program answers.
//!
//! Results go to stdout, errors, warnings and progress to stderr. The exit code is 0 where all is well, 1 for a
//! negative finding (a result that is only partial, a pod that fits nowhere, a decision that comes out otherwise), 2 for bad
//! usage or input.

mod compare;
mod fill;
mod illustration;
mod import;
mod interrupt;
mod jobs;
mod merge;
mod place;
mod plan;
mod printing;
mod profile;
mod progress;
mod replay;
mod run;
mod runs;
mod seeds;
mod sharding;
mod source;
mod strategies;
mod traffic;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Answers capacity questions offline, with the same decision that gpulse makes in production.
#[derive(Debug, Parser)]
#[command(name = "gpulse-sim", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill a cluster pod by pod until it is over-full, and see how much of it each strategy can use.
    Fill(fill::Arguments),
    /// Answer a planner's question: what to buy, what still fits, what a loss costs, what could go.
    Plan(plan::Arguments),
    /// Make a snapshot (for --nodes) and a trace (for --pods) from what others write.
    Import(import::Arguments),
    /// Say where pods would go, one after the other: node, score, and who is as good.
    Place(place::Arguments),
    /// Decide again what a running gpulse decided, from the same cluster.
    Replay(replay::Arguments),
    /// Let pods come, queue, run and leave, and see who waits how long under each strategy.
    Run(run::Arguments),
    /// Compare strategies on one workload and many seeds, and see which differences are real.
    Compare(compare::Arguments),
    /// Join the results of parts of an experiment: the same bytes as if one machine had done all of it.
    Merge(merge::Arguments),
}

/// How a command that could be carried out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// All is well.
    Good,
    /// The answer is no, or not all of it.
    Negative,
}

/// Runs the program by the process's arguments. The one place that turns an error into an exit code.
#[must_use]
pub fn run() -> ExitCode {
    let finding = match Arguments::parse().command {
        Command::Fill(arguments) => fill::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Place(arguments) => place::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
    };
    match finding {
        Ok(Finding::Good) => ExitCode::SUCCESS,
        Ok(Finding::Negative) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Writes a line to stderr. Where stderr is gone, there is nobody left to tell.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "gpulse-sim: {text}");
}

/// Whoever read our output has seen enough (`gpulse-sim fill ... | head`): no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
