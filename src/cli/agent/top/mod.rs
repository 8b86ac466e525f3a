//! `gpulse agent top`: the GPUs of a node, live, on the terminal.

mod source;

use std::io::{IsTerminal, stdin, stdout};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, bail};
use clap::Args;
use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use ratatui::DefaultTerminal;
use tokio::sync::mpsc::{Receiver, channel};

use self::source::Source;
use crate::agent::Overview;
use crate::cli::Finding;
use crate::cluster::Period;
use crate::top::{Next, State, Theme, draw};

/// Look at the GPUs of a node, their pods and processes, live.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gpulse agent top                                     on a node
  kubectl --namespace gpulse-agent port-forward daemonset/gpulse-agent 9400 &   a node from afar: then as above
  gpulse agent top --nvml                              without an agent")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: source::Choice,
    /// From one look to the next.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = super::period)]
    interval: Period,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<Finding> {
    let is_terminal = stdin().is_terminal() && stdout().is_terminal();
    if !is_terminal || !anstyle_query::term_supports_color() {
        bail!(
            "top draws on a terminal that can place its cursor; here is none (TERM, or a pipe). \
             gpulse agent --once prints the GPUs"
        );
    }
    let source = Source::open(arguments.source).await?;
    let theme = Theme { colour: AutoStream::choice(&stdout()) != ColorChoice::Never };
    let state = State::new(source.to_string());
    let (sender, answers) = channel(1);
    let asking = tokio::spawn(source.ask_for_ever(arguments.interval.0, sender));
    let stop = crate::cli::stop_signal()?;
    // It also restores the terminal where we panic.
    let terminal = ratatui::try_init().context("the terminal cannot be taken over")?;
    let ended = tokio::select! {
        ended = look(terminal, state, theme, answers) => ended,
        () = stop => Ok(()),
    };
    asking.abort();
    ratatui::try_restore().context("the terminal cannot be given back; `reset` mends it")?;
    ended.map(|()| Finding::Good)
}

async fn look(
    mut terminal: DefaultTerminal,
    mut state: State,
    theme: Theme,
    mut answers: Receiver<Result<Overview, String>>,
) -> anyhow::Result<()> {
    let mut keys = EventStream::new();
    loop {
        terminal.draw(|frame| draw(&state, theme, frame)).context("the terminal cannot be written to")?;
        tokio::select! {
            // Who asks lives as long as we do.
            Some(answer) = answers.recv() => state.take(crate::clock::now(), answer),
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) if state.press(key) == Next::Quit => return Ok(()),
                // Another key, another size: what was drawn is drawn anew.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("the terminal cannot be read"),
                None => return Ok(()),
            },
        }
    }
}
