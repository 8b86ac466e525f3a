//! Tables: what is accepted, and what errors say.

use gpulse_simulator::cluster::MilliGpu;
use gpulse_simulator::workload::{PodTable, Workload};
use insta::assert_snapshot;

use crate::support::{NODES, PODS, nodes, pods, workload};

fn node_error(text: &str) -> String {
    nodes(text).unwrap_err().to_string()
}

/// The error for a single row of pods.
fn pod_error(row: &str) -> String {
    pods(&format!("{PODS}{row}\n")).unwrap_err().to_string()
}

#[test]
fn a_byte_order_mark_crlf_blanks_and_another_order_of_columns_are_fine() {
    let plain = nodes("sn,cpu_milli,memory_mib,gpu,model\na,8000,1024,2,T4\n").unwrap();
    let odd = nodes("\u{feff}model,sn, gpu ,memory_mib,cpu_milli\r\nT4, a ,2,1024,8000\r\n").unwrap();
    assert_eq!(plain.rows, odd.rows);
    let last_line_open = pods("name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1,2,1,460").unwrap();
    assert_eq!(last_line_open[0].share, MilliGpu(460));
}

#[test]
fn what_is_no_table_is_refused() {
    assert_snapshot!(node_error(""), @"nodes.csv is empty: expected a header with the columns sn, cpu_milli, memory_mib, gpu");
    assert_snapshot!(node_error(NODES), @"nodes.csv has a header and no rows: expected at least one row");
    assert_snapshot!(node_error("sn,cpu_milli,gpu\na,1,1\n"), @"nodes.csv:1: memory_mib: this column is missing; found the columns sn, cpu_milli, gpu");
    assert_snapshot!(node_error("sn,cpu_milli,memory_mib,gpu,gpu\n"), @"nodes.csv:1: gpu: this column is there twice; found the columns sn, cpu_milli, memory_mib, gpu, gpu");
    assert_snapshot!(node_error(&format!("{NODES}a,1,1,1,T4\nb,1,1\n")), @"nodes.csv:3: found 3 fields, expected 5, as the header has");
    let latin = [NODES.as_bytes(), b"caf\xe9,1,1,1,T4\n"].concat();
    let error = gpulse_simulator::input::read_nodes("nodes.csv", latin.as_slice()).unwrap_err();
    assert_snapshot!(error, @"nodes.csv:2: found bytes that are no UTF-8, expected text in UTF-8");
}

#[test]
fn what_is_no_node_is_refused() {
    assert_snapshot!(node_error(&format!("{NODES}a,1,1,-1,T4\n")), @r#"nodes.csv:2: gpu: found "-1", expected a whole number of GPUs, 0 to 1024"#);
    assert_snapshot!(node_error(&format!("{NODES}a,1,1,1.5,T4\n")), @r#"nodes.csv:2: gpu: found "1.5", expected a whole number of GPUs, 0 to 1024"#);
    assert_snapshot!(node_error(&format!("{NODES}a,many,1,1,T4\n")), @r#"nodes.csv:2: cpu_milli: found "many", expected a whole number of thousandths of a CPU, 0 to 1000000000"#);
    assert_snapshot!(node_error(&format!("{NODES}a,1,1,1,T4\nb,1,1,1,T4\n\na,1,1,1,T4\n")), @r#"nodes.csv:5: sn: found "a", expected a name that no earlier line has"#);
    assert_snapshot!(node_error(&format!("{NODES},1,1,1,T4\n")), @r#"nodes.csv:2: sn: found "", expected a name"#);
}

#[test]
fn what_is_no_pod_is_refused() {
    assert_snapshot!(pod_error("p,1000,1,1,0.5,"), @r#"pods.csv:2: gpu_milli: found "0.5", expected a whole number of thousandths of each GPU, 0 to 1000"#);
    assert_snapshot!(pod_error("p,1000,1,1,1001,"), @r#"pods.csv:2: gpu_milli: found "1001", expected a whole number of thousandths of each GPU, 0 to 1000"#);
    assert_snapshot!(pod_error("p,1000,1,0,500,"), @r#"pods.csv:2: gpu_milli: found "500", expected 0, since num_gpu is 0"#);
    assert_snapshot!(pod_error("p,1000,1,2,0,"), @r#"pods.csv:2: gpu_milli: found "0", expected 1 to 1000 thousandths of each GPU, since num_gpu is not 0"#);
    assert_snapshot!(pod_error("p,1000,1,-2,1000,"), @r#"pods.csv:2: num_gpu: found "-2", expected a whole number of GPUs, 0 to 1024"#);
    assert_snapshot!(pod_error("p,1000,,1,1000,"), @r#"pods.csv:2: memory_mib: found "", expected a whole number of MiB, 0 to 1099511627776"#);
    assert_snapshot!(pod_error("p,1000,1,1,1000,T4||V100"), @r#"pods.csv:2: gpu_spec: found "T4||V100", expected GPU models joined by a bar, such as V100M16|V100M32"#);
    assert_snapshot!(pod_error("p,1000,1,1,1000,\np,1000,1,1,1000,"), @r#"pods.csv:3: name: found "p", expected a name that no earlier line has"#);
}

#[test]
fn columns_that_nobody_reads_are_told() {
    let table = nodes("sn,cpu_milli,memory_mib,gpu,model,rack\na,1,1,1,T4,r7\n").unwrap();
    assert_eq!(table.unread, ["rack"]);
}

#[test]
fn pods_that_ask_for_the_same_are_one_class_and_memory_makes_no_shape() {
    let workload = workload(
        "a,8000,65536,2,T4\n",
        "p1,1000,1024,1,500,\np2,1000,1024,1,500,\np3,1000,2048,1,500,\np4,1000,1024,1,500,T4\n",
    );
    let classes: Vec<usize> = workload.pods.iter().map(|class| class.index()).collect();
    assert_eq!(classes, [0, 0, 1, 2]);
    let shapes: Vec<usize> = workload.classes.iter().map(|class| class.shape.index()).collect();
    assert_eq!(shapes, [0, 0, 1]);
    assert_eq!(workload.shapes[0].pods, 3);
}

#[test]
fn models_that_no_node_has_are_counted() {
    let workload = workload(
        "a,8000,65536,2,T4\nb,8000,65536,2,\n",
        "p1,1000,1024,1,500,H100\np2,1000,1024,1,500,T4|H100\np3,1000,1024,1,500,H100|B200\n",
    );
    let unknown: Vec<(&str, u64)> =
        workload.unknown_models.iter().map(|(model, pods)| (model.as_str(), *pods)).collect();
    assert_eq!(unknown, [("B200", 1), ("H100", 3)]);
}

#[test]
fn without_gpus_there_is_nothing_to_fill() {
    let of = |node_rows: &str, pod_rows: &str| {
        let mut table = PodTable::default();
        pods(&format!("{PODS}{pod_rows}")).unwrap().into_iter().for_each(|row| table.add(row));
        Workload::new(&nodes(&format!("{NODES}{node_rows}")).unwrap(), table).unwrap_err().to_string()
    };
    assert_snapshot!(of("a,1,1,0,\n", "p,1,1,1,1000,\n"), @"the nodes have no GPU");
    assert_snapshot!(of("a,1,1,1,\n", "p,1,1,0,0,\n"), @"no pod asks for a GPU");
}
