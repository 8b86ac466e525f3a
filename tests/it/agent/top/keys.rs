//! What keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use gpulse::top::{Next, State};

use super::{busy, later, letters, looking_at, overview, press, screen, two_gpus};
use crate::support::NOW;

/// The numbers of the processes, from top to bottom.
fn pids(state: &State) -> Vec<String> {
    let text = screen(state, 80, 24);
    let list = text.lines().skip_while(|line| !line.contains("PID")).skip(1);
    list.filter_map(|line| Some(line.split_whitespace().nth(1)?.to_owned()))
        .filter(|word| word.parse::<u32>().is_ok())
        .collect()
}

#[test]
fn q_and_control_c_end_it() {
    let mut state = looking_at(two_gpus());
    assert_eq!(press(&mut state, letters("q")), Next::Quit);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(state.press(control_c), Next::Quit);
    press(&mut state, letters("/q"));
    assert!(screen(&state, 80, 24).contains("/q█"), "q is a letter where one types");
    assert_eq!(state.press(control_c), Next::Quit, "and this is none");
}

#[test]
fn processes_are_sorted_by_what_is_asked_for() {
    let mut state = looking_at(two_gpus());
    assert_eq!(pids(&state), ["10", "11", "12"], "by GPU");
    for (key, expected) in [
        ("u", ["12", "10", "11"]),
        ("m", ["11", "12", "10"]),
        ("p", ["11", "10", "12"]),
        ("i", ["10", "11", "12"]),
    ] {
        press(&mut state, letters(key));
        assert_eq!(pids(&state), expected, "{key}");
    }
}

#[test]
fn a_filter_narrows_both_lists_until_it_is_dropped() {
    let mut state = looking_at(two_gpus());
    press(&mut state, letters("/TRAIN").chain([KeyCode::Enter]));
    let text = screen(&state, 80, 24);
    assert_eq!(text.matches("A100").count(), 1, "the GPU that the pod holds: {text}");
    assert_eq!(pids(&state), ["10"]);
    assert!(text.contains("filter: TRAIN"), "{text}");
    press(&mut state, [KeyCode::Esc]);
    assert_eq!(pids(&state).len(), 3);
}

#[test]
fn enter_opens_the_gpu_of_the_chosen_row() {
    let mut state = looking_at(two_gpus());
    press(&mut state, [KeyCode::Down, KeyCode::Enter]);
    assert!(screen(&state, 80, 24).contains("UUID  GPU-1"));
    press(&mut state, [KeyCode::Esc, KeyCode::Tab, KeyCode::Enter]);
    assert!(screen(&state, 80, 24).contains("UUID  GPU-0"), "that of the first process");
    press(&mut state, [KeyCode::End]);
    let text = screen(&state, 80, 10);
    assert!(!text.contains("UUID") && text.contains("SM"), "the end of the details: {text}");
    press(&mut state, [KeyCode::Enter]);
    assert!(screen(&state, 80, 24).contains("PID"), "and back");
}

#[test]
fn a_pause_holds_the_picture() {
    let mut state = looking_at(two_gpus());
    press(&mut state, letters(" "));
    let before = screen(&state, 80, 24);
    assert!(before.contains("PAUSED"));
    state.take(NOW, Ok(overview(vec![busy(0, 99)])));
    assert_eq!(screen(&state, 80, 24), before);
    press(&mut state, letters(" "));
    state.take(NOW, Ok(overview(vec![busy(0, 99)])));
    assert!(screen(&state, 80, 24).contains(" 99% "));
}

#[test]
fn a_choice_survives_a_list_that_becomes_shorter() {
    let mut state = looking_at(overview((0..8).map(|index| busy(index, 1)).collect()));
    press(&mut state, [KeyCode::End]);
    state.take(NOW, Ok(later(&overview(vec![busy(0, 1), busy(1, 1)]), 1)));
    press(&mut state, [KeyCode::Up, KeyCode::Enter]);
    assert!(screen(&state, 80, 24).contains("UUID  GPU-0"), "one up from what is now the last");
    state.take(NOW, Ok(overview(vec![])));
    assert!(screen(&state, 80, 24).contains("The device is gone"));
}
