//! The README must follow the code.

use gpulse_simulator::policy::PAPER;

#[test]
fn the_readmes_policies_are_the_tables() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, table) = readme.split_once("| policy | in the paper | prefers |\n| --- | --- | --- |\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |name: &str, published: &str, summary: &str| format!("| `{name}` | {published} | {summary} |");
    let expected: Vec<String> =
        PAPER.iter().map(|policy| row(policy.name, policy.published, policy.summary)).collect();
    assert_eq!(rows, expected);
}
