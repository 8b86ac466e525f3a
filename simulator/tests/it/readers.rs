//! What every reader of tables and traces takes, and what every one refuses, with the place.

use gpulse_simulator::input::{InputError, read_nodes, read_pods, read_timed_pods, read_trace};

use crate::support::{NODES, PODS, TIMED_PODS};

/// A kind of file: its reader, its first line, a good line by number, and the same with the number of GPUs written so.
struct Kind {
    name: &'static str,
    read: fn(&[u8]) -> Result<usize, InputError>,
    header: &'static str,
    line: fn(usize, &str) -> String,
    /// Whether lines have names.
    named: bool,
}

const TRACE: &str = "{\"apiVersion\":\"gpulse.dev/v1alpha1\",\"kind\":\"Trace\"}\n";

static KINDS: [Kind; 5] = [
    Kind {
        name: "nodes",
        read: |text| read_nodes("f", text).map(|table| table.rows.len()),
        header: NODES,
        line: |number, gpus| format!("n{number},1000,1024,{gpus},T4"),
        named: true,
    },
    Kind {
        name: "pods",
        read: |text| count(|take| read_pods("f", text, |_| take()).map(drop)),
        header: PODS,
        line: |number, gpus| format!("p{number},1000,1024,{gpus},1000,"),
        named: true,
    },
    Kind {
        name: "pods with times",
        read: |text| count(|take| read_timed_pods("f", text, |_, _| take()).map(drop)),
        header: TIMED_PODS,
        line: |number, gpus| format!("p{number},1000,1024,{gpus},1000,,{number},9000"),
        named: true,
    },
    Kind {
        name: "philly",
        read: |text| count(|take| read_timed_pods("f", text, |_, _| take()).map(drop)),
        header: "timestamp,duration,num_gpus\n",
        line: |_, gpus| format!("2017-10-09 07:01:55,66.0,{gpus}"),
        named: false,
    },
    Kind {
        name: "trace",
        read: |text| count(|take| read_trace("f", text, |_| take())),
        header: TRACE,
        line: |number, gpus| {
            format!(
                "{{\"key\":{{\"namespace\":\"d\",\"name\":\"p{number}\"}},\"cpu\":1,\"memory\":1,\
                 \"gpus\":[{{\"resource\":\"nvidia.com/gpu\",\"count\":{gpus}}}]}}"
            )
        },
        named: true,
    },
];

fn count(read: impl FnOnce(&mut dyn FnMut()) -> Result<(), InputError>) -> Result<usize, InputError> {
    let mut rows = 0;
    read(&mut || rows += 1)?;
    Ok(rows)
}

impl Kind {
    fn lines(&self, gpus: &[&str]) -> Vec<String> {
        gpus.iter().enumerate().map(|(number, gpus)| (self.line)(number, gpus)).collect()
    }

    fn rows(&self, text: &str) -> usize {
        (self.read)(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn error(&self, text: &str) -> String {
        (self.read)(text.as_bytes()).expect_err(self.name).to_string()
    }
}

#[test]
fn crlf_blank_lines_and_an_open_last_line_are_fine() {
    for kind in &KINDS {
        let lines = kind.lines(&["1", "2", "3"]);
        assert_eq!(kind.rows(&format!("{}{}", kind.header, lines.join("\n"))), 3);
        let windows = format!("{}{}\r\n\r\n", kind.header.replace('\n', "\r\n"), lines.join("\r\n"));
        assert_eq!(kind.rows(&windows), 3, "{}", kind.name);
    }
}

#[test]
fn a_file_with_nothing_in_it_is_refused() {
    for kind in &KINDS {
        assert!(kind.error("").starts_with("f is empty: expected "), "{}", kind.error(""));
        let error = kind.error(kind.header);
        assert!(error.starts_with("f has a ") && error.contains(": expected "), "{error}");
    }
}

#[test]
fn gpus_below_zero_or_in_parts_are_refused_with_the_place_and_the_value() {
    for kind in &KINDS {
        for wrong in ["-1", "1.5", "1e1", "\"2\"x"] {
            let text = format!("{}{}\n", kind.header, kind.lines(&["1", "2", wrong]).join("\n"));
            let error = kind.error(&text);
            assert!(error.starts_with("f:4: "), "{}: {error}", kind.name);
            assert!(error.contains("gpu") && error.contains("expected"), "{}: {error}", kind.name);
        }
        let error = kind.error(&format!("{}{}\n", kind.header, kind.lines(&["4096"]).join("\n")));
        assert!(error.contains("4096") && error.contains("1024"), "{}: {error}", kind.name);
    }
}

#[test]
fn lines_are_counted_as_the_file_has_them() {
    for kind in &KINDS {
        for (text, line) in
            [("{header}{good}\r\n\r\n \r\n{bad}\r\n", "f:5: "), ("\n{header}\n{good}\n{bad}", "f:5: ")]
        {
            let header = if text.starts_with('\n') {
                kind.header.to_owned()
            } else {
                kind.header.replace('\n', "\r\n")
            };
            let text = text.replace("{header}", &header).replace("{good}", &(kind.line)(0, "1"));
            let error = kind.error(&text.replace("{bad}", &(kind.line)(1, "-1")));
            assert!(error.starts_with(line), "{}: {error}", kind.name);
        }
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for kind in KINDS.iter().filter(|kind| kind.named) {
        let line = (kind.line)(7, "1");
        let error = kind.error(&format!("{}{line}\n{}\n{line}\n", kind.header, (kind.line)(8, "1")));
        assert!(error.starts_with("f:4: ") && error.contains("no earlier line has"), "{error}");
        assert!(error.contains("7\""), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for kind in &KINDS {
        let mut text = format!("{}{}\n", kind.header, (kind.line)(0, "1")).into_bytes();
        let end = text.len() - 4;
        text[end] = 0xe9;
        let error = (kind.read)(&text).expect_err(kind.name).to_string();
        assert!(error.starts_with("f:2: "), "{}: {error}", kind.name);
    }
}
