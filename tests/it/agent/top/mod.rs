//! The terminal view: frames and keys as functions, and the real program on a terminal of its own.

mod answers;
mod keys;
mod screens;
mod terminal;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use gpulse::agent::{
    Attribution, Dialect, Figure, GpuReading, Holder, InstanceReading, Overview, ProcessReading,
};
use gpulse::cluster::MigInstance;
use gpulse::top::{Next, State, Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::page::{layout, process, read, view};
use crate::support::NOW;

const GIB: u64 = 1 << 30;

/// A GPU that is so busy, with 80 GiB of memory, half of it in use.
fn busy(index: u32, percent: u64) -> GpuReading {
    read(
        index,
        &[
            (Figure::GpuUtilPercent, 100),
            (Figure::SmActivePpm, percent * 10_000),
            (Figure::MemoryTotalBytes, 80 * GIB),
            (Figure::MemoryUsedBytes, 40 * GIB),
            (Figure::TemperatureCelsius, 61),
            (Figure::PowerMilliwatts, 312_700),
            (Figure::PowerLimitMilliwatts, 400_000),
            (Figure::ThrottleReasons, 0x4),
        ],
    )
}

/// A GPU cut into seven; instance N is busy by ten times N percent and has a process.
fn cut(index: u32) -> GpuReading {
    let instance = |id: u32| InstanceReading {
        mig: MigInstance { id, profile: "1g.10gb".into() },
        uuids: vec![format!("MIG-{index}-{id}").into()],
        figures: [
            (Figure::SmActivePpm, u64::from(id) * 100_000),
            (Figure::MemoryUsedBytes, GIB),
            (Figure::MemoryTotalBytes, 10 * GIB),
        ]
        .into_iter()
        .collect(),
    };
    let process = |id: u32| ProcessReading {
        pid: 1000 * (index + 1) + id,
        instance: Some(id),
        memory_bytes: Some(GIB),
        utilization_percent: None,
    };
    GpuReading {
        mig: true,
        instances: (1..=7).map(instance).collect(),
        processes: (1..=7).map(process).collect(),
        ..read(index, &[(Figure::TemperatureCelsius, 40), (Figure::PowerMilliwatts, 90_000)])
    }
}

fn overview(gpus: Vec<GpuReading>) -> Overview {
    Overview::of(&view(gpus), &layout(Dialect::Dcgm48))
}

fn holder(pod: &str) -> Holder {
    Holder { namespace: "ml".into(), pod: pod.into(), container: "main".into() }
}

/// Two GPUs, the first of which a pod holds; the third process is nobody's.
fn two_gpus() -> Overview {
    let mut gpus = vec![busy(0, 42), busy(1, 7)];
    gpus[0].processes = vec![process(10, 300, 20), process(11, 700, 5)];
    gpus[1].processes = vec![process(12, 500, 60)];
    let attribution = Attribution::default().device("GPU-0", holder("train"));
    let attribution = attribution.process(10, holder("train")).process(11, holder("other")).outsider(12);
    Overview { attribution: Some(attribution.into()), ..overview(gpus) }
}

/// What is looked at, just after it came.
fn looking_at(overview: Overview) -> State {
    let mut state = State::new("http://127.0.0.1:9400");
    state.take(NOW, Ok(overview));
    state
}

/// The same picture, so many seconds later by both clocks.
fn later(overview: &Overview, seconds: u64) -> Overview {
    let mut later = overview.clone();
    let after = Duration::from_secs(seconds);
    later.now = later.now + after;
    let mut reading = later.reading.as_deref().unwrap().clone();
    reading.taken_at = reading.taken_at + after;
    reading.gpus.iter_mut().for_each(|gpu| gpu.taken_at = gpu.taken_at + after);
    later.reading = Some(reading.into());
    later
}

fn frame(state: &State, colour: bool, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, Theme { colour }, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The frame as text, without the blanks at the end of lines; several blank lines are counted.
fn screen(state: &State, width: u16, height: u16) -> String {
    let buffer = frame(state, false, width, height);
    let line = |row: u16| (0..width).map(|column| buffer[(column, row)].symbol()).collect::<String>();
    let mut text = String::new();
    let mut blank = 0;
    for line in (0..height).map(line) {
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        if blank > 0 {
            text.push_str(&format!("({blank} blank)\n"));
        }
        blank = 0;
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Presses these keys one after the other.
fn press(state: &mut State, keys: impl IntoIterator<Item = KeyCode>) -> Next {
    keys.into_iter().fold(Next::GoOn, |_, key| state.press(KeyEvent::new(key, KeyModifiers::NONE)))
}

/// Keys that have a letter.
fn letters(text: &str) -> impl Iterator<Item = KeyCode> {
    text.chars().map(KeyCode::Char)
}
