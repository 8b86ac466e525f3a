//! What is wrong with a configuration, where it stands, and what may have been meant.

use std::fmt;

use serde_saphyr::Error as Yaml;

use super::nearest::nearest;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file, as it was named.
    pub file: String,
    /// Line and column, from 1, where the text itself is wrong.
    pub place: Option<(u64, u64)>,
    /// The path of the key, such as `profiles[0].strategy`; empty for the document as a whole.
    pub key: String,
    /// What was expected and what was found.
    pub message: String,
    /// The line that is wrong.
    pub line: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)?;
        let (Some((number, column)), Some(line)) = (self.place, &self.line) else { return Ok(()) };
        let gutter = " ".repeat(number.to_string().len());
        let pad = " ".repeat(column.saturating_sub(1) as usize);
        write!(f, "\n {gutter} |\n {number} | {line}\n {gutter} | {pad}^")
    }
}

impl ConfigError {
    /// A file that is not there or cannot be read.
    pub(super) fn unreadable(file: String, error: &std::io::Error) -> Self {
        let message = format!("cannot be read: {error}");
        Self { file, place: None, key: String::new(), message, line: None }
    }

    /// Values that are right alone and wrong together.
    pub(super) fn at(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: String::new(), place: None, key: key.into(), message: message.into(), line: None }
    }

    /// The same error of a named file.
    pub(super) fn of(self, file: &str) -> Self {
        Self { file: file.into(), ..self }
    }

    /// From what the parser says. `path` is where the value was expected, in the file's own words.
    pub(super) fn from_yaml(file: &str, text: &str, path: &str, error: &Yaml) -> Self {
        let place = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
        let line = place.and_then(|(line, _)| text.lines().nth(line as usize - 1)).map(str::to_owned);
        let line = line.filter(|line| !line.trim().is_empty());
        // The deserializer writes `.` for the whole document and `?` for a key that it could not place.
        let path = path.trim_end_matches(['?', '.']);
        let key = match error {
            Yaml::DuplicateMappingKey { key: Some(key), .. } => join(path, key),
            Yaml::SerdeMissingField { field, .. } => join(path, field),
            Yaml::MultipleDocuments { .. } | Yaml::Eof { .. } => String::new(),
            _ => path.into(),
        };
        Self { file: file.into(), place, key, message: message(error), line }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

fn message(error: &Yaml) -> String {
    match error {
        Yaml::SerdeUnknownField { field, expected, .. } => {
            let hint = nearest(field, expected).map(|near| format!("; did you mean {near}?"));
            format!("unknown key{} Known here: {}", hint.unwrap_or(".".into()), expected.join(", "))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            let hint = nearest(variant, expected).map(|near| format!("; did you mean {near}?"));
            let one_of =
                if let [only] = expected.as_slice() { (*only).into() } else { expected.join(" or ") };
            format!("expected {one_of}, found {variant:?}{}", hint.unwrap_or_default())
        }
        Yaml::SerdeMissingField { .. } => "this key is required and missing".into(),
        Yaml::DuplicateMappingKey { .. } => "this key stands here a second time".into(),
        Yaml::MultipleDocuments { .. } => {
            "a second document starts here; one file holds one configuration".into()
        }
        Yaml::Eof { .. } => "the file is empty; it must hold at least apiVersion and kind".into(),
        Yaml::InvalidScalar { ty, .. } => format!("expected {}", plain_type(ty)),
        Yaml::SerdeInvalidType { unexpected, expected, .. }
        | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("expected {}, found {unexpected}", plain_type(expected))
        }
        Yaml::Unexpected { expected, .. } => format!("expected {}", plain_type(expected)),
        Yaml::NullIntoString { .. } => "expected a text, found nothing".into(),
        other => without_place(other),
    }
}

/// Names of types as a person would say them.
fn plain_type(parser_says: &str) -> &str {
    match parser_says {
        "a nonzero u64" | "a nonzero u32" => "a whole number above zero",
        "u16" | "u32" | "u64" | "usize" => "a whole number, not below zero",
        "i32" | "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "bool" | "boolean" => "true or false",
        "sequence start" => "a list",
        "mapping start" => "keys with values",
        "string scalar" => "a text",
        other => other,
    }
}

/// The parser's text without the place, which stands in front already.
fn without_place(error: &Yaml) -> String {
    let text = error.without_snippet().to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].into()
}
