//! Parts of experiments, joined.

use gpulse_simulator::fill::{self, Experiment};
use gpulse_simulator::merge::{Joined, MergeError, Part, join};
use gpulse_simulator::output::{self, Document};
use gpulse_simulator::policy::Choice;
use gpulse_simulator::run::{self, Arrivals, Discipline, Extent, Lives, Plan, Rhythm, Traffic};
use gpulse_simulator::runs::{Shard, ShardIndex};
use gpulse_simulator::workload::{Arrive, Workload};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::support::{small, workload};

const POLICIES: [&str; 3] = ["fgd", "binpack", "random"];

/// All that programs and spreadsheets are told.
fn bytes(report: &impl Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    report.write_json(&mut bytes).unwrap();
    report.write_csv(&mut bytes).unwrap();
    bytes
}

fn json(report: &impl Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    report.write_json(&mut bytes).unwrap();
    bytes
}

fn filled(workload: &Workload, seeds: u64, shard: &str) -> output::fill::Report {
    let plan = Experiment {
        policies: POLICIES.map(|name| Choice::named(name).unwrap()).to_vec(),
        seeds: (42..42 + seeds).collect(),
        arrive: Arrive::default(),
        shard: shard.parse().unwrap(),
    };
    output::fill::Report::of(workload, &plan, &fill::experiment(workload, &plan, 2, &|| true, &|_| {}))
}

fn run(workload: &Workload, shard: &str) -> output::run::Report {
    let plan = Plan {
        arrivals: Arrivals::Poisson("0.9".parse().unwrap()),
        lives: Lives::Exponential { mean_ms: 60_000 },
        warm_up_ms: None,
        extent: Extent::Pods(200),
        queue: Discipline::Backfill { depth: 200 },
        priorities: false,
        rhythm: Rhythm::default(),
    };
    let traffic = Traffic::new(workload, &[], plan).unwrap();
    let experiment = run::Experiment {
        policies: POLICIES.map(|name| Choice::named(name).unwrap()).to_vec(),
        seeds: (1..=5).collect(),
        shard: shard.parse().unwrap(),
        node_timeline: true,
    };
    let finished = run::experiment(workload, &traffic, &experiment, 2, &|| true, &|_| {});
    output::run::Report::of(workload, &traffic, &experiment, &finished)
}

fn part(file: &str, report: &impl Document) -> Part {
    Part::read(file, &json(report)).unwrap()
}

fn refused(parts: Vec<Part>) -> String {
    join(parts, false).unwrap_err().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn joined_parts_of_fill_are_the_whole(parts in 1..9_usize, seeds in 1..4_u64, turned in any::<prop::sample::Index>()) {
        let workload = small();
        let shard = |number: usize| filled(&workload, seeds, &format!("{number}/{parts}"));
        let mut results: Vec<Part> = (1..=parts).map(|number| part("part.json", &shard(number))).collect();
        results.rotate_left(turned.index(parts));
        let Joined::Fill(joined) = join(results, false).unwrap() else { panic!("a result of another command") };
        prop_assert_eq!(bytes(&joined), bytes(&filled(&workload, seeds, "1/1")));
    }
}

#[test]
fn joined_parts_of_run_are_the_whole() {
    let workload = small();
    let whole = bytes(&run(&workload, "1/1"));
    for parts in [1, 2, 3, 7, 12] {
        let results =
            (1..=parts).rev().map(|number| part("part.json", &run(&workload, &format!("{number}/{parts}"))));
        let Joined::Run(joined) = join(results.collect(), false).unwrap() else {
            panic!("a result of another command")
        };
        assert_eq!(bytes(&joined), whole, "{parts} parts");
    }
}

#[test]
fn what_is_missing_or_twice_there_is_named() {
    let workload = small();
    let one = |number: u32| part(&format!("{number}.json"), &filled(&workload, 2, &format!("{number}/4")));
    assert_snapshot!(refused(vec![one(1), one(3)]), @"missing: part 2/4, part 4/4; expected all parts (--partial joins what there is)");
    assert_snapshot!(refused(vec![one(1), one(2), one(2)]), @"2.json and 2.json are both part 2/4: expected each part once");
    assert_snapshot!(refused(Vec::new()), @"there is no result to join: expected files with results, or folders of them (*.json)");
    let Joined::Fill(joined) = join(vec![one(3), one(1)], true).unwrap() else {
        panic!("of another command")
    };
    assert!(joined.partial && joined.shard.is_whole());
    let runs: usize = joined.strategies.iter().map(|strategy| strategy.runs.len()).sum();
    assert_eq!(runs, 3);
}

#[test]
fn what_is_no_part_of_the_same_experiment_is_refused() {
    let small = small();
    let first = || part("1.json", &filled(&small, 2, "1/2"));
    let refused = |second: Part| refused(vec![first(), second]);
    assert_snapshot!(refused(part("2.json", &filled(&small, 2, "2/3"))), @"2.json: the number of parts is 3, and in 1.json it is 2: these are not parts of one experiment");
    assert_snapshot!(refused(part("2.json", &filled(&small, 3, "2/2"))), @"2.json: seeds is [42, 43, 44], and in 1.json it is [42, 43]: these are not parts of one experiment");
    assert_snapshot!(refused(part("2.json", &run(&small, "2/2"))), @r#"2.json: command is "run", and in 1.json it is "fill": these are not parts of one experiment"#);
    let arrive = output::fill::Report { arrive: "1.5".parse().unwrap(), ..filled(&small, 2, "2/2") };
    assert_snapshot!(refused(part("2.json", &arrive)), @"2.json: arrive is 1.5, and in 1.json it is 1.3: these are not parts of one experiment");
    // As many pods and GPUs, and one of them asks for another share.
    let rows = "p1,4000,8192,1,500,\np2,4000,8192,1,300,\n";
    let nodes = "a,64000,262144,8,V100\n";
    let (one, other) =
        (workload(nodes, rows), workload(nodes, &rows.replace("4000,8192,1,300", "4001,8192,1,300")));
    let input = |workload: &Workload| filled(workload, 1, "1/1").head.input;
    assert_ne!(input(&one), input(&other));
    let parts = vec![part("1.json", &filled(&one, 2, "1/2")), part("2.json", &filled(&other, 2, "2/2"))];
    let told = join(parts, false).unwrap_err();
    assert!(matches!(told, MergeError::Differs { field, .. } if field == "input"));
}

#[test]
fn what_is_no_result_of_this_version_is_refused() {
    let whole = String::from_utf8(json(&filled(&small(), 1, "1/1"))).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        Part::read("part.json", whole.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    assert_snapshot!(refused(r#""version":"0.1.0""#, r#""version":"0.0.9""#), @"part.json was made by version 0.0.9, and this is 0.1.0: join it with the version that made it");
    assert_snapshot!(refused(r#""command":"fill""#, r#""command":"plan""#), @r#"part.json: found a result of "plan", expected one of fill or run"#);
    assert_snapshot!(refused(r#""shard":"1/1""#, r#""shard":"2/1""#), @r#"part.json: not the JSON of gpulse-sim fill or run: shard "2/1": expected a part and the number of parts, 1/4 to 4/4 for instance at line 1 column 176"#);
    assert_snapshot!(refused(r#""runs":[{"seed":42"#, r#""runs":[{"seed":41"#), @"part.json: a run of fgd with seed 41, which part 1/1 of the runs does not have");
    assert_snapshot!(refused(r#"{"version""#, r#"["version""#), @"part.json: not the JSON of gpulse-sim fill or run: invalid type: sequence, expected a map at line 1 column 0");
    let lacking = whole.replacen(r#""seeds":[42]"#, r#""seeds":[42,43]"#, 1);
    assert_snapshot!(Part::read("part.json", lacking.as_bytes()).unwrap_err().to_string(), @"part.json: found 3 runs, expected the 6 of part 1/1, since it is not partial");
    let uneven = whole.replacen(r#""curve":{"arrivedPct":[0,"#, r#""curve":{"arrivedPct":["#, 1);
    let part = Part::read("part.json", uneven.as_bytes()).unwrap();
    assert_snapshot!(join(vec![part], false).unwrap_err().to_string(), @"the runs are not those of gpulse-sim fill: fgd, seed 42: the columns of the curve differ in length");
}

#[test]
fn an_index_counts_from_zero() {
    assert_eq!(Shard::from("0/4".parse::<ShardIndex>().unwrap()), "1/4".parse().unwrap());
    assert_eq!(Shard::from("3/4".parse::<ShardIndex>().unwrap()), "4/4".parse().unwrap());
    for wrong in ["", "4/4", "-1/4", "0/0", "1"] {
        assert!(wrong.parse::<ShardIndex>().is_err(), "{wrong:?}");
    }
}
