//! What a person sees.

use std::time::Duration;

use crossterm::event::KeyCode;
use gpulse::agent::{DeviceFault, Overview};
use gpulse::cluster::Timestamp;
use gpulse::top::State;
use ratatui::style::Color;

use super::{busy, cut, frame, letters, looking_at, overview, press, screen, two_gpus};
use crate::support::NOW;

#[test]
fn before_the_first_answer() {
    let state = State::new("http://127.0.0.1:9400");
    insta::assert_snapshot!(screen(&state, 80, 24), @r"
     http://127.0.0.1:9400                                                   asking
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    (19 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn a_node_without_a_gpu() {
    let none = Overview { trouble: Some("NVML finds no GPU on this node; run the agent only where there are some, with NVIDIA_VISIBLE_DEVICES=all in a container".into()), reading: None, ..overview(vec![]) };
    insta::assert_snapshot!(screen(&looking_at(none), 80, 24), @r"
     n                                                                         live
    NVML finds no GPU on this node; run the agent only where there are some, with
    NVIDIA_VISIBLE_DEVICES=all in a container
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    (17 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn one_gpu() {
    insta::assert_snapshot!(screen(&looking_at(overview(vec![busy(0, 42)])), 80, 24), @r"
     n  1 GPU  driver 570.86.15                                                live
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    0     A100-SXM4-80GB  42% ███░░░        ▃   40.0/80.0  61 C 313/400
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    (18 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn pods_processes_and_the_last_minute() {
    insta::assert_snapshot!(screen(&a_minute(), 80, 24), @r"
     n  2 GPUs  driver 570.86.15                                               live
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    0     A100-SXM4-80GB 100% ██████    ▄▄▅▆▇   40.0/80.0  61 C 313/400 ml/train
    1     A100-SXM4-80GB   7% ░░░░░░    ▁▁▁▁▁   40.0/80.0  61 C 313/400
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    0           10    20%          300 ml/train                      main
    0           11     5%          700 ml/other                      main
    1           12    60%          500 outside Kubernetes
    (14 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
    insta::assert_snapshot!(screen(&a_minute(), 120, 40), @r"
     n  2 GPUs  driver 570.86.15                                                                                       live
    GPU   MODEL                    BUSY              MINUTE                MEMORY GiB  TEMP POWER W POD
    0     A100-SXM4-80GB           100% ████████████          ▄▄▅▅▅▆▆▆▇▇▇   40.0/80.0  61 C 313/400 ml/train
    1     A100-SXM4-80GB             7% █░░░░░░░░░░░          ▁▁▁▁▁▁▁▁▁▁▁   40.0/80.0  61 C 313/400
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                                                      CONTAINER
    0           10    20%          300 ml/train                                                 main
    0           11     5%          700 ml/other                                                 main
    1           12    60%          500 outside Kubernetes
    (30 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause  Esc back
    ");
}

/// The first GPU was ever busier in the last minute; half of the time nothing came.
fn a_minute() -> State {
    let mut state = State::new("x");
    for second in 30..=60 {
        let mut picture = super::later(&two_gpus(), second);
        let mut reading = picture.reading.as_deref().unwrap().clone();
        reading.gpus[0].figures = busy(0, second * 100 / 60).figures;
        picture.reading = Some(reading.into());
        state.take(NOW + Duration::from_secs(second), Ok(picture));
    }
    state
}

#[test]
fn sixteen_gpus_of_seven_instances() {
    let mut state = looking_at(overview((0..16).map(cut).collect()));
    press(&mut state, [KeyCode::PageDown, KeyCode::Down]);
    insta::assert_snapshot!(screen(&state, 80, 24), @r"
     n  16 GPUs  112 MIG instances  driver 570.86.15                           live
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    0/3     1g.10gb       30% ██░░░░        ▃    1.0/10.0     -       -
    0/4     1g.10gb       40% ██░░░░        ▃    1.0/10.0     -       -
    0/5     1g.10gb       50% ███░░░        ▄    1.0/10.0     -       -
    0/6     1g.10gb       60% ████░░        ▅    1.0/10.0     -       -
    0/7     1g.10gb       70% ████░░        ▅    1.0/10.0     -       -
    1     A100-SXM4-80GB MIG                            -  40 C    90/-
    1/1     1g.10gb       10% █░░░░░        ▁    1.0/10.0     -       -
    1/2     1g.10gb       20% █░░░░░        ▂    1.0/10.0     -       -
    1/3     1g.10gb       30% ██░░░░        ▃    1.0/10.0     -       -
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    0/1       1001      -         1024
    0/2       1002      -         1024
    0/3       1003      -         1024
    0/4       1004      -         1024
    0/5       1005      -         1024
    0/6       1006      -         1024
    0/7       1007      -         1024
    1/1       2001      -         1024
    1/2       2002      -         1024
    1/3       2003      -         1024
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
    press(&mut state, [KeyCode::End, KeyCode::Tab]);
    insta::assert_snapshot!(screen(&state, 120, 40), @r"
     n  16 GPUs  112 MIG instances  driver 570.86.15                                                                   live
    GPU   MODEL                    BUSY              MINUTE                MEMORY GiB  TEMP POWER W POD
    13/7    1g.10gb                 70% ████████░░░░                    ▅    1.0/10.0     -       -
    14    A100-SXM4-80GB           MIG                                              -  40 C    90/-
    14/1    1g.10gb                 10% █░░░░░░░░░░░                    ▁    1.0/10.0     -       -
    14/2    1g.10gb                 20% ██░░░░░░░░░░                    ▂    1.0/10.0     -       -
    14/3    1g.10gb                 30% ████░░░░░░░░                    ▃    1.0/10.0     -       -
    14/4    1g.10gb                 40% █████░░░░░░░                    ▃    1.0/10.0     -       -
    14/5    1g.10gb                 50% ██████░░░░░░                    ▄    1.0/10.0     -       -
    14/6    1g.10gb                 60% ███████░░░░░                    ▅    1.0/10.0     -       -
    14/7    1g.10gb                 70% ████████░░░░                    ▅    1.0/10.0     -       -
    15    A100-SXM4-80GB           MIG                                              -  40 C    90/-
    15/1    1g.10gb                 10% █░░░░░░░░░░░                    ▁    1.0/10.0     -       -
    15/2    1g.10gb                 20% ██░░░░░░░░░░                    ▂    1.0/10.0     -       -
    15/3    1g.10gb                 30% ████░░░░░░░░                    ▃    1.0/10.0     -       -
    15/4    1g.10gb                 40% █████░░░░░░░                    ▃    1.0/10.0     -       -
    15/5    1g.10gb                 50% ██████░░░░░░                    ▄    1.0/10.0     -       -
    15/6    1g.10gb                 60% ███████░░░░░                    ▅    1.0/10.0     -       -
    15/7    1g.10gb                 70% ████████░░░░                    ▅    1.0/10.0     -       -
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                                                      CONTAINER
    0/1       1001      -         1024
    0/2       1002      -         1024
    0/3       1003      -         1024
    0/4       1004      -         1024
    0/5       1005      -         1024
    0/6       1006      -         1024
    0/7       1007      -         1024
    1/1       2001      -         1024
    1/2       2002      -         1024
    1/3       2003      -         1024
    1/4       2004      -         1024
    1/5       2005      -         1024
    1/6       2006      -         1024
    1/7       2007      -         1024
    2/1       3001      -         1024
    2/2       3002      -         1024
    2/3       3003      -         1024
    2/4       3004      -         1024
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause  Esc back
    ");
}

#[test]
fn a_lost_gpu_and_one_that_was_not_read_lately_have_no_numbers() {
    let mut gpus = vec![busy(0, 42), busy(1, 42), busy(2, 42), busy(3, 42)];
    gpus[1].fault = Some(DeviceFault::Lost);
    gpus[1].taken_at = Timestamp(NOW.0 - 12_000);
    gpus[2].taken_at = Timestamp(NOW.0 - 45_000);
    gpus[3].fault = Some(DeviceFault::Hanging);
    gpus[3].taken_at = Timestamp(0);
    gpus.iter_mut().for_each(|gpu| gpu.processes = vec![super::process(100 + gpu.index, 1, 1)]);
    insta::assert_snapshot!(screen(&looking_at(overview(gpus)), 80, 24), @r"
     n  4 GPUs  driver 570.86.15                                               live
    GPU 1: it has fallen off the bus; drain the node and reset the GPU or reboot
    (last read 12 s ago)
    GPU 3: NVML does not return from a call about it (never read)
    GPU   MODEL          BUSY        MINUTE    MEMORY GiB  TEMP POWER W POD
    0     A100-SXM4-80GB  42% ███░░░        ▃   40.0/80.0  61 C 313/400
    1     A100-SXM4-80GB lost              ▃            -     -       -
    2     A100-SXM4-80GB 45 s old     ▃▃                -     -       -
    3     A100-SXM4-80GB hanging                        -     -       -
    (1 blank)
    GPU▼       PID   BUSY   MEMORY MiB POD                           CONTAINER
    0          100     1%            1
    (11 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn an_agent_that_is_silent() {
    let mut state = looking_at(two_gpus());
    state.take(NOW + Duration::from_secs(5), Err("no agent answers at http://127.0.0.1:9400/".into()));
    let text = screen(&state, 80, 24);
    assert!(
        text.contains("NO ANSWER\nno answer for 5 s: no agent answers at http://127.0.0.1:9400/\n"),
        "{text}"
    );
    assert!(text.contains(" 42% "), "what is known still stands: {text}");
    state.take(NOW + Duration::from_secs(31), Err("no agent answers at http://127.0.0.1:9400/".into()));
    let text = screen(&state, 80, 24);
    assert!(text.contains("31 s old") && !text.contains(" 42% "), "too old to say something of now: {text}");
}

#[test]
fn everything_of_one_gpu() {
    let mut picture = two_gpus();
    picture.xids.insert("GPU-0".into(), [(31, 2), (79, 1)].into_iter().collect());
    let mut state = looking_at(picture);
    press(&mut state, [KeyCode::Enter]);
    insta::assert_snapshot!(screen(&state, 80, 24), @"
     n  2 GPUs  driver 570.86.15                                               live
    GPU 0  A100-SXM4-80GB
    UUID  GPU-0
    PCI   00000000:10:00.0  nvidia0
    BUSY  42% by SM_ACTIVE, in the last minute:
                                                                     ▃
    CLOCK held down: sw_power_cap
    XID   31 (GPU memory page fault): 2 since the agent started
    XID   79 (GPU has fallen off the bus): 1 since the agent started
    POD   ml/train (main)
    PID   10  300 MiB  ml/train
    PID   11  700 MiB  ml/other
    (1 blank)
                61  GPU temperature (in C)
             312.7  Power draw (in W)
               100  GPU utilization (in %)
             40960  Framebuffer memory used (in MiB)
              0.42  The ratio of cycles an SM has at least 1 warp assigned
    (5 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn help() {
    let mut state = looking_at(two_gpus());
    press(&mut state, letters("?"));
    insta::assert_snapshot!(screen(&state, 80, 24), @r"
     n  2 GPUs  driver 570.86.15                                               live
     Up Down k j   choose a row        Enter   details of its GPU, and back
     PgUp PgDn     ten rows            Esc     back; drop the filter
     Home End g G  first, last         /       filter GPUs and processes
     Tab           the other list      Space   stand still, and go on
     u m p i       processes by use, memory, pod, GPU
     ?             this help           q       quit
    (1 blank)
     BUSY is SM_ACTIVE where the GPU measures it, else GR_ENGINE_ACTIVE, else
     GPU_UTIL, which is 100% for one small kernel too; details say which.
     MINUTE is the last minute of it. A GPU that was not read has no numbers.
    (12 blank)
     q quit  ? help  Enter details  Tab list  / filter  u m p sort  Space pause
    ");
}

#[test]
fn a_tiny_terminal_shows_what_it_can() {
    let mut state = looking_at(two_gpus());
    insta::assert_snapshot!(screen(&state, 20, 5), @r"
     n  2 GPUs  dr live
    GPU   BUSY
    0      42% ███░░░
    1       7% ░░░░░░
     q quit  ? help
    ");
    let views: [&[KeyCode]; 4] = [&[], &[KeyCode::Tab], &[KeyCode::Enter], &[KeyCode::Char('?')]];
    for keys in views {
        press(&mut state, keys.iter().copied());
        for (width, height) in (1..30).flat_map(|width| (1..12).map(move |height| (width, height))) {
            frame(&state, true, width, height);
        }
    }
}

#[test]
fn without_colour_there_is_none() {
    let has_colour = |colour| {
        let cells = frame(&a_minute(), colour, 80, 24).content;
        cells.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(has_colour(true) && !has_colour(false));
}
