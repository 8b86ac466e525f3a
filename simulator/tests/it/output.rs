//! What people, programs and spreadsheets are told.

use std::time::Duration;

use gpulse_simulator::fill::{Experiment, experiment};
use gpulse_simulator::output::Document;
use gpulse_simulator::output::fill::Report;
use gpulse_simulator::policy::Choice;
use gpulse_simulator::runs::Shard;
use gpulse_simulator::workload::Arrive;
use insta::assert_snapshot;

use crate::support::small;

/// A report of two strategies and two seeds, without times.
fn report() -> Report {
    let workload = small();
    let policies = ["fgd", "binpack"].map(|name| Choice::named(name).unwrap()).to_vec();
    let plan = Experiment { policies, seeds: vec![1, 2], arrive: Arrive::default(), shard: Shard::default() };
    let mut runs = experiment(&workload, &plan, 1, &|| true, &|_| {});
    runs.iter_mut().for_each(|run| run.took = Duration::ZERO);
    Report::of(&workload, &plan, &runs)
}

#[test]
fn people_see_tables() {
    assert_snapshot!(report().to_text(), @"
fgd places 88.42 % of the GPUs at 100 % demand, as much as binpack.

4 nodes with 19 GPUs; 7 pods that ask for 8.1 GPUs. Demand of 1.3 times the GPUs arrives; seeds 1 to 2 (mean ± standard deviation).

GPUs in use, % of all, over the demand that has arrived:
     95┤
     90┤                                    ⡤⠤⠤⠤⠤⠔               binpack
       ┤            ⡠⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠼⠤⠤⠤⠤⠤⠔               fgd
     85┤       ⢀⠤⠤⠤⠤⠃
       ┤   ⢠⠤⠤⠤⠜
     80┤   ⡜
       ┤  ⢀⠇
     75┤ ⢰⠉
       ┤ ⡎
     70┤⠉⠁
       └┬────────────────┬─────────────────┬────────────────┬──
       80               100               120              140

GPUs in use, % of all, when so much demand has arrived (% of all GPUs):
 strategy           60           80           90           95          100          110
 fgd       56.32 ±4.47  71.84 ±1.86  85.79 ±2.98  88.42 ±6.70  88.42 ±6.70  88.42 ±6.70
 binpack   56.32 ±4.47  71.84 ±1.86  85.79 ±2.98  88.42 ±6.70  88.42 ±6.70  88.42 ±6.70

Idle GPUs that the typical pods cannot use, % of all:
 strategy           60           80          90          95         100         110
 fgd       15.71 ±0.00  11.32 ±0.80  8.80 ±0.64  7.29 ±2.76  7.29 ±2.76  7.29 ±2.76
 binpack   15.34 ±0.53  10.56 ±0.27  7.67 ±2.23  6.92 ±3.30  6.92 ±3.30  6.92 ±3.30

At the end, pods of a run:
 strategy  came  placed  too few free GPUs  too little free CPU  s a run
 fgd       22.5    19.0                3.0                  0.5        -
 binpack   22.5    19.5                3.0                  0.0        -
");
}

#[test]
fn spreadsheets_get_a_line_for_each_strategy_and_percent() {
    let mut bytes = Vec::new();
    report().write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let some: String = text.lines().take(4).map(|line| format!("{line}\n")).collect();
    assert_snapshot!(some, @"
strategy,arrived_pct,runs,allocation_pct_mean,allocation_pct_sd,fragmentation_pct_mean,fragmentation_pct_sd,failed_no_such_gpu_mean,failed_no_such_gpu_sd,failed_wrong_model_mean,failed_wrong_model_sd,failed_unknown_model_mean,failed_unknown_model_sd,failed_gpu_memory_too_small_mean,failed_gpu_memory_too_small_sd,failed_unknown_gpu_memory_mean,failed_unknown_gpu_memory_sd,failed_insufficient_gpus_mean,failed_insufficient_gpus_sd,failed_unhealthy_gpus_mean,failed_unhealthy_gpus_sd,failed_insufficient_cpu_mean,failed_insufficient_cpu_sd,failed_insufficient_memory_mean,failed_insufficient_memory_sd
fgd,0,2,0,0,29.323308,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
fgd,1,2,0,0,29.323308,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
fgd,2,2,0.789474,1.116484,29.24812,0.106332,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
");
}

#[test]
fn programs_get_one_object() {
    let mut bytes = Vec::new();
    report().write_json(&mut bytes).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    // Of the long lists a piece each.
    for strategy in value["strategies"].as_array_mut().unwrap() {
        strategy["points"].as_array_mut().unwrap().truncate(1);
        strategy["runs"].as_array_mut().unwrap().truncate(1);
        for list in ["arrivedPct", "allocationPct", "fragmentationPct"] {
            strategy["runs"][0]["curve"][list].as_array_mut().unwrap().truncate(3);
        }
        strategy["runs"][0]["curve"]["failed"] = serde_json::Value::Null;
    }
    value["strategies"].as_array_mut().unwrap().truncate(1);
    assert_snapshot!(serde_json::to_string_pretty(&value).unwrap(), @r#"
{
  "arrive": 1.3,
  "command": "fill",
  "gpus": 19,
  "input": "e79b5532d61a8ebe",
  "nodes": 4,
  "partial": false,
  "pods": {
    "count": 7,
    "gpuMilli": 8050,
    "unknownModels": {}
  },
  "seeds": [
    1,
    2
  ],
  "shard": "1/1",
  "strategies": [
    {
      "name": "fgd",
      "points": [
        {
          "allocationPct": {
            "mean": 0.0,
            "sd": 0.0
          },
          "arrivedPct": 0,
          "failed": {},
          "fragmentationPct": {
            "mean": 29.323308,
            "sd": 0.0
          },
          "runs": 2
        }
      ],
      "runs": [
        {
          "allocatedMilli": 17700,
          "curve": {
            "allocationPct": [
              0.0,
              0.0,
              0.0
            ],
            "arrivedPct": [
              0,
              1,
              2
            ],
            "failed": null,
            "fragmentationPct": [
              29.323308,
              29.323308,
              29.323308
            ]
          },
          "failed": {
            "insufficient-cpu": 1,
            "insufficient-gpus": 4
          },
          "placed": 20,
          "pods": 25,
          "seed": 1
        }
      ]
    }
  ],
  "version": "0.1.0"
}
"#);
}
