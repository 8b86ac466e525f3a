//! Tables with times: what is accepted, and what errors say.

use gpulse_simulator::input::{InputError, PodRow, PodTimes, read_timed_pods};
use insta::assert_snapshot;

use crate::support::TIMED_PODS;

fn read(text: &str) -> Result<Vec<(PodRow, Option<PodTimes>)>, InputError> {
    let mut rows = Vec::new();
    read_timed_pods("pods.csv", text.as_bytes(), |row, times| rows.push((row, times)))?;
    Ok(rows)
}

/// When each pod came and how long it ran, in milliseconds.
fn times(text: &str) -> Vec<Option<(u64, u64)>> {
    let times = |times: PodTimes| (times.came_ms, times.life_ms);
    read(text).unwrap().into_iter().map(|(_, pod)| pod.map(times)).collect()
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// The error for a row of pods with these times: `creation_time,deletion_time`.
fn time_error(times: &str) -> String {
    error(&format!("{TIMED_PODS}p,1000,1,1,1000,,{times}\n"))
}

const SCHEDULED: &str =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,scheduled_time,deletion_time\n";
const PHILLY: &str = "timestamp,duration,num_gpus,gpu_time,cluster\n";

#[test]
fn a_pod_runs_from_when_it_was_scheduled_if_it_was() {
    let rows = "p1,1,1,1,1000,10,12.5,20\np2,1,1,1,1000,10,,20\np3,1,1,1,1000,0,0,0.0409\n";
    let expected = [Some((10_000, 7_500)), Some((10_000, 10_000)), Some((0, 40))];
    assert_eq!(times(&format!("{SCHEDULED}{rows}")), expected);
}

#[test]
fn a_table_without_times_has_none() {
    assert_eq!(times("name,cpu_milli,memory_mib,num_gpu,gpu_milli\np1,1,1,1,1000\n"), [None]);
    assert_eq!(times("name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time\np1,1,1,1,1000,5\n"), [None]);
}

#[test]
fn philly_jobs_are_pods_with_whole_gpus() {
    let text =
        format!("\u{feff}{PHILLY}2017-10-09 07:01:55,66.0,4,264.0,11cb48\r\n1970-01-01 00:00:01,0,0,0,x\r\n");
    let rows = read(&text).unwrap();
    assert_eq!((rows[0].0.gpus, rows[0].0.share.0, rows[1].0.share.0), (4, 1000, 0));
    assert_eq!(times(&text), [Some((1_507_532_515_000, 66_000)), Some((1_000, 0))]);
}

#[test]
fn times_that_run_backwards_are_refused() {
    assert_snapshot!(time_error("10,9"), @r#"pods.csv:2: deletion_time: found "9", expected a time not before creation_time, which is 10"#);
    assert_snapshot!(error(&format!("{SCHEDULED}p1,1,1,1,1000,10,12,20\np2,1,1,1,1000,10,12,11\n")), @r#"pods.csv:3: deletion_time: found "11", expected a time not before scheduled_time, which is 12"#);
    assert_snapshot!(error(&format!("{SCHEDULED}p,1,1,1,1000,10,9,20\n")), @r#"pods.csv:2: scheduled_time: found "9", expected a time not before creation_time, which is 10"#);
}

#[test]
fn what_is_no_time_is_refused() {
    assert_snapshot!(time_error("-1,9"), @r#"pods.csv:2: creation_time: found "-1", expected seconds, 0 to 10000000000, such as 66 or 66.5"#);
    assert_snapshot!(time_error("1,"), @r#"pods.csv:2: deletion_time: found "", expected seconds, 0 to 10000000000, such as 66 or 66.5"#);
    assert_snapshot!(time_error("1,99999999999"), @r#"pods.csv:2: deletion_time: found "99999999999", expected seconds, 0 to 10000000000, such as 66 or 66.5"#);
    assert_snapshot!(time_error("1,1e3"), @r#"pods.csv:2: deletion_time: found "1e3", expected seconds, 0 to 10000000000, such as 66 or 66.5"#);
    assert_snapshot!(error(&format!("{PHILLY}2017-10-09 07:01:55,-66.0,1,66.0,a\n")), @r#"pods.csv:2: duration: found "-66.0", expected seconds, 0 to 10000000000, such as 66 or 66.5"#);
    assert_snapshot!(error(&format!("{PHILLY}2017-13-09 07:01:55,66.0,1,66.0,a\n")), @r#"pods.csv:2: timestamp: found "2017-13-09 07:01:55", expected a time from 1970 on, such as 2017-10-09 07:01:55"#);
    assert_snapshot!(error(&format!("{PHILLY}2017-10-09 07:01:55,66.0,1.5,66.0,a\n")), @r#"pods.csv:2: num_gpus: found "1.5", expected a whole number of GPUs, 0 to 1024"#);
    assert_snapshot!(error("timestamp,num_gpus\n2017-10-09 07:01:55,1\n"), @"pods.csv:1: duration: this column is missing; found the columns timestamp, num_gpus");
    assert_snapshot!(error(""), @"pods.csv is empty: expected a header with the columns name, cpu_milli, memory_mib, num_gpu, gpu_milli");
}
