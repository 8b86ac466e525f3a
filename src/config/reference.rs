//! What the configuration can say: as a JSON schema for editors, and as a table for people.

use std::fmt::Write;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::GpulseConfiguration;

/// The JSON schema of the configuration (2020-12).
#[must_use]
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<GpulseConfiguration>().to_value()
}

/// The configuration's keys as a Markdown table: key, type, default, meaning.
#[must_use]
pub fn markdown() -> String {
    let schema = schema();
    let mut table = String::from("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
    rows(&schema, &schema, "", &mut table);
    table
}

/// The rows of an object's properties, and of theirs.
fn rows(root: &Value, object: &Value, path: &str, table: &mut String) {
    let required = object["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, property) in object["properties"].as_object().into_iter().flatten() {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let default = match required.iter().any(|known| known == name.as_str()) {
            true => "required".into(),
            false => default(root, property),
        };
        row(root, property, &key, &default, table);
    }
}

fn row(root: &Value, property: &Value, key: &str, default: &str, table: &mut String) {
    let target = target(root, property);
    line(table, key, &kind(root, target), default, [property, target]);
    rows(root, target, key, table);
    if let Some(item) = target_of_items(root, target) {
        rows(root, item, &format!("{key}[]"), table);
    }
    // Of alternatives that hold something, each has a key of its own.
    for alternative in target["oneOf"].as_array().into_iter().flatten() {
        for (name, property) in alternative["properties"].as_object().into_iter().flatten() {
            let section = self::target(root, property);
            let key = format!("{key}.{name}");
            line(table, &key, &kind(root, section), "", [alternative, section]);
            rows(root, section, &key, table);
        }
    }
}

/// One row; its meaning is the first of the descriptions that there is.
fn line(table: &mut String, key: &str, kind: &str, default: &str, described: [&Value; 2]) {
    let description = described.into_iter().find_map(|schema| schema["description"].as_str()).unwrap_or("");
    let meaning = description.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| `{key}` | {kind} | {default} | {meaning} |");
}

/// What a property's schema says once references and `null` alternatives are followed.
fn target<'a>(root: &'a Value, property: &'a Value) -> &'a Value {
    let reference = property["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    if let Some(found) = reference.and_then(|path| root.pointer(path)) {
        return found;
    }
    let alternatives = property["anyOf"].as_array();
    let other_than_null = alternatives.and_then(|all| all.iter().find(|one| one["type"] != "null"));
    other_than_null.map_or(property, |one| target(root, one))
}

fn target_of_items<'a>(root: &'a Value, target_schema: &'a Value) -> Option<&'a Value> {
    target_schema.get("items").map(|items| target(root, items))
}

/// The type as a person would say it.
fn kind(root: &Value, schema: &Value) -> String {
    if let Some(values) = words(schema) {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => vec![],
    };
    match types.first() {
        Some(&"integer") => range("whole number", schema),
        Some(&"number") => range("number", schema),
        Some(&"boolean") => "true, false".into(),
        Some(&"object") => match schema["additionalProperties"].is_object() {
            true => "keys with values".into(),
            false => "section".into(),
        },
        Some(&"array") => match target_of_items(root, schema) {
            Some(item) => format!("list of {}", plural(&kind(root, item))),
            None => "list".into(),
        },
        _ => "text".into(),
    }
}

/// The words that are allowed, where there is a list of them; of alternatives that hold something, their keys.
fn words<'a>(schema: &'a Value) -> Option<Vec<&'a str>> {
    if let Some(values) = schema["enum"].as_array() {
        return Some(values.iter().filter_map(Value::as_str).collect());
    }
    if let Some(word) = schema["const"].as_str() {
        return Some(vec![word]);
    }
    let keys = |one: &'a Value| {
        Value::as_object(&one["properties"]).into_iter().flat_map(|all| all.keys().map(String::as_str))
    };
    let variants = schema["oneOf"].as_array()?;
    let words: Vec<&str> =
        variants.iter().flat_map(|one| words(one).unwrap_or_else(|| keys(one).collect())).collect();
    (!words.is_empty()).then_some(words)
}

fn range(name: &str, schema: &Value) -> String {
    match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        (Some(low), Some(high)) => format!("{name}, {low} to {high}"),
        (Some(low), None) => format!("{name} from {low}"),
        _ => name.into(),
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "text" => "texts".into(),
        "section" => "sections".into(),
        other => other.into(),
    }
}

/// The default as JSON; a section's defaults stand at its keys.
fn default(root: &Value, property: &Value) -> String {
    match property.get("default") {
        _ if target(root, property)["properties"].is_object() => "".into(),
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_object) => "see below".into(),
        Some(value) => format!("`{value}`"),
        None => "`null`".into(),
    }
}
