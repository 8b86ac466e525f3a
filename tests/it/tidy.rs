//! What the architecture forbids, held by a test: arrows, orphans, sizes, and documentation that must follow the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gpulse::placement::STRATEGIES;

/// Rooms and the rooms that they must not name, as in ARCHITECTURE.md.
const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("src/cluster", &["agent", "placement", "extender", "cache", "telemetry", "config", "cli", "clock"]),
    ("src/placement", &["agent", "extender", "cache", "telemetry", "config", "cli", "clock"]),
    ("src/extender", &["agent", "cache", "telemetry", "config", "cli"]),
    ("src/cache", &["agent", "placement", "extender", "telemetry", "config", "cli"]),
    ("src/telemetry", &["placement", "extender", "cache", "config", "cli", "agent"]),
    ("src/agent", &["placement", "extender", "cache", "telemetry", "config", "cli", "top"]),
    ("src/top", &["placement", "extender", "cache", "telemetry", "config", "cli", "clock"]),
];

const LONGEST_FUNCTION_LINES: usize = 70;
const LONGEST_FILE_LINES: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// All Rust files below a folder, by path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.strip_prefix(root()).unwrap().display().to_string(), read(&path)));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {folder}");
    found
}

#[test]
fn arrows_point_down_only() {
    for (room, forbidden) in FORBIDDEN {
        for (path, text) in sources(room) {
            for other in forbidden {
                assert!(!text.contains(&format!("crate::{other}")), "{path} must not know {other}");
            }
        }
    }
}

#[test]
fn no_file_is_an_orphan() {
    let folders =
        ["src", "tests/it", "tests/e2e", "tests/fake-nvml/src", "tests/testbed/src", "xtask/src", "benches"];
    for folder in folders.into_iter().chain(["simulator/src", "simulator/tests/it"]) {
        let sources = sources(folder);
        let declared: BTreeSet<String> = sources
            .iter()
            .flat_map(|(_, text)| text.lines())
            .filter_map(|line| {
                line.trim_start()
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub ")
                    .strip_prefix("mod ")?
                    .strip_suffix(';')
            })
            .map(str::to_owned)
            .collect();
        for (path, _) in &sources {
            let path = Path::new(path);
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let name = match stem {
                "mod" => path.parent().unwrap().file_name().unwrap().to_str().unwrap(),
                "main" | "lib" => continue,
                stem => stem,
            };
            let is_target =
                read(&root().join("Cargo.toml")).contains(&format!("path = \"{}\"", path.display()));
            let is_bench = path.parent() == Some(Path::new("benches"));
            assert!(declared.contains(name) || is_target || is_bench, "{} is in no module", path.display());
        }
    }
}

/// Rust's promise holds everywhere but where C is called that nothing wraps.
#[test]
fn unsafe_code_is_in_one_module() {
    let allowed = |text: &str| text.contains("(unsafe_code");
    let found: Vec<String> =
        sources("src").into_iter().filter(|(_, text)| allowed(text)).map(|(path, _)| path).collect();
    assert_eq!(found, ["src/agent/nvml/raw.rs"]);
}

#[test]
fn functions_and_files_stay_readable() {
    for (path, text) in sources("src").into_iter().chain(sources("simulator/src")) {
        assert!(
            text.lines().count() <= LONGEST_FILE_LINES,
            "{path} is too long: split it where its vocabulary splits"
        );
        let mut started: Option<(usize, String)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = &line[..line.len() - line.trim_start().len()];
            let code = line.trim_start();
            let words: Vec<&str> = code.split_whitespace().take(4).collect();
            let is_function = words.contains(&"fn") && code.ends_with('{') && !code.starts_with("//");
            if started.is_none() && is_function {
                started = Some((number, format!("{indent}}}")));
            }
            if let Some((first, end)) = &started
                && line == end
            {
                let lines = number - first;
                assert!(lines <= LONGEST_FUNCTION_LINES, "{path}:{}: a function of {lines} lines", first + 1);
                started = None;
            }
        }
    }
}

#[test]
fn the_readmes_strategies_are_the_tables() {
    let readme = read(&root().join("README.md"));
    let rows: Vec<&str> = readme
        .split_once("| strategy | prefers |\n| --- | --- |\n")
        .unwrap()
        .1
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let table: Vec<String> =
        STRATEGIES.iter().map(|strategy| format!("| `{}` | {} |", strategy.name, strategy.summary)).collect();
    assert_eq!(rows, table);
}

#[test]
fn the_architecture_is_one_sitting() {
    let map = read(&root().join("ARCHITECTURE.md"));
    assert!(map.lines().count() <= 150, "a map, not a book");
    let src = std::fs::read_dir(root().join("src")).unwrap();
    for room in src.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let room = format!("`src/{}`", room.file_name().unwrap().to_str().unwrap());
        assert!(map.contains(&room), "{room} is not on the map");
    }
}
