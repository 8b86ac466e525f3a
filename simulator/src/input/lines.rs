//! The lines of a table, as its reader counts them.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Result};

/// Passes on the lines that are not blank, ended by a line feed alone. The reader of CSV skips blank lines and takes a
/// carriage return for an end as well, and counts wrong by them; here the file's own numbers are kept.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    read: usize,
    passed: u64,
    skipped: u64,
    /// From which line that was passed on, how many had been skipped before it.
    jumps: VecDeque<(u64, u64)>,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(source: R) -> Self {
        let source = BufReader::new(source);
        Self { source, line: Vec::new(), read: 0, passed: 0, skipped: 0, jumps: VecDeque::new() }
    }

    /// The file's number of a line that was passed on.
    pub(super) fn number(&self, passed: u64) -> u64 {
        let jump = self.jumps.iter().rev().find(|(from, _)| *from <= passed);
        passed + jump.map_or(0, |(_, skipped)| *skipped)
    }

    /// Nobody will ask for a line before this one again.
    pub(super) fn forget_before(&mut self, passed: u64) {
        while self.jumps.get(1).is_some_and(|(from, _)| *from <= passed) {
            self.jumps.pop_front();
        }
    }

    /// Goes to the next line that is not blank; false where there is none.
    fn advance(&mut self) -> Result<bool> {
        let before = self.skipped;
        loop {
            self.line.clear();
            self.read = 0;
            if self.source.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(false);
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
            self.skipped += 1;
        }
        if self.line.ends_with(b"\r\n") {
            self.line.truncate(self.line.len() - 2);
            self.line.push(b'\n');
        }
        self.passed += 1;
        if self.skipped > before {
            self.jumps.push_back((self.passed, self.skipped));
        }
        Ok(true)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.read == self.line.len() && !self.advance()? {
            return Ok(0);
        }
        let size = (&self.line[self.read..]).read(buffer)?;
        self.read += size;
        Ok(size)
    }
}
