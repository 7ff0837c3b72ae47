//! The functions that templates can call besides the engine's own. Owns which version has which; none accesses anything but its
//! arguments.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering as Memory};
use std::sync::{Arc, Mutex, PoisonError};

use gotmpl::{FuncMap, TemplateError, Value};
use regex::{Regex, RegexBuilder};

use super::element::Element;
use super::graphql::{TEXT, VALUE};
use super::kind::Version;
use super::meter::{Meter, weight};
use super::printf::{WIDEST, printf};
use super::program::{ARRIVE, AS_JSON, FLOAT, FORMAT, WEIGH};
use super::value::{from_json, to_json};
use super::xpath::Path;
use super::{compare, graphql_literal};

type Answer = Result<Value, TemplateError>;
type Function = fn(&TemplateRun, &[Value]) -> Answer;

/// Replacements of the engine's own functions: the comparisons and `printf`.
const STAND_INS: [(&str, Function); 7] = [
    ("eq", |run, args| compared(run, args, compare::equals_any)),
    ("ne", |run, args| compared(run, args, compare::differs)),
    ("lt", |run, args| compared(run, args, |args| compare::ordered(args, Ordering::is_lt))),
    ("le", |run, args| compared(run, args, |args| compare::ordered(args, Ordering::is_le))),
    ("gt", |run, args| compared(run, args, |args| compare::ordered(args, Ordering::is_gt))),
    ("ge", |run, args| compared(run, args, |args| compare::ordered(args, Ordering::is_ge))),
    ("printf", |run, args| printf(&run.meter, args).map(|text| Value::String(text.into()))),
];

/// The functions of every version, by name.
const FROM_0_1: [(&str, Function); 9] = [
    ("separator", separator),
    ("jsonMapFromString", json_map_from_string),
    ("getXPath", get_xpath),
    ("getXPathAllOuter", get_xpath_all_outer),
    ("getRegexpFirstMatch", get_regexp_first_match),
    ("getRegexpAllMatches", get_regexp_all_matches),
    ("safeIndex", safe_index),
    ("toBool", to_bool),
    ("toInt", to_int),
];

/// The functions added in version 0.2.0.
const FROM_0_2: [(&str, Function); 3] = [("toJson", to_json_text), ("kindOf", kind_of), ("plus1", plus_one)];

/// The functions that an instrumented program calls.
const MARKS: [(&str, Function); 7] = [
    (ARRIVE, arrive),
    (WEIGH, weigh),
    (AS_JSON, as_json),
    (FORMAT, format),
    (FLOAT, float),
    (TEXT, |run, args| write_value(run, args, graphql_literal::text)),
    (VALUE, |run, args| write_value(run, args, graphql_literal::value)),
];

/// Whether templates of `version` have the function `name`.
pub(super) fn is_known(version: Version, name: &str) -> bool {
    functions_of(version).any(|(known, _)| *known == name)
}

/// The state that the functions of one run share.
struct TemplateRun {
    meter: Arc<Meter>,
    /// The compiled patterns, since a loop uses the same one for each row.
    patterns: Mutex<HashMap<String, Regex>>,
}

/// The functions for one run, all of which charge their cost to `meter`.
pub(super) fn functions(version: Version, meter: &Arc<Meter>) -> FuncMap {
    let run = Arc::new(TemplateRun { meter: Arc::clone(meter), patterns: Mutex::default() });
    let counted = |(name, function): &(&str, Function)| {
        let (run, function) = (Arc::clone(&run), *function);
        let counted: gotmpl::ValueFunc = Arc::new(move |args: &[Value]| {
            run.meter.spend(0)?;
            function(&run, args)
        });
        ((*name).to_owned(), counted)
    };
    functions_of(version).chain(&MARKS).map(counted).collect()
}

fn functions_of(version: Version) -> impl Iterator<Item = &'static (&'static str, Function)> {
    let later: &[_] = if version >= Version::V0_2 { &FROM_0_2 } else { &[] };
    STAND_INS.iter().chain(&FROM_0_1).chain(later)
}

fn failed(reason: impl Into<String>) -> TemplateError {
    TemplateError::Exec(reason.into())
}

fn one<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value, TemplateError> {
    match args {
        [value] => Ok(value),
        _ => Err(failed(format!("{name} takes one value"))),
    }
}

fn two_texts<'a>(name: &str, args: &'a [Value]) -> Result<(&'a str, &'a str), TemplateError> {
    match args {
        [Value::String(a), Value::String(b)] => Ok((a, b)),
        _ => Err(failed(format!("{name} takes two texts"))),
    }
}

fn compared(run: &TemplateRun, args: &[Value], compare: fn(&[Value]) -> Result<bool, TemplateError>) -> Answer {
    run.meter.spend(args.iter().filter_map(Value::as_str).map(str::len).sum())?;
    compare(args).map(Value::Bool)
}

/// A function that returns an empty text on the first call and the text on later ones.
fn separator(_: &TemplateRun, args: &[Value]) -> Answer {
    let Value::String(text) = one("separator", args)? else { return Err(failed("separator takes a text")) };
    let (text, asked) = (Arc::clone(text), AtomicBool::new(false));
    Ok(Value::Function(Arc::new(move |_: &[Value]| {
        Ok(Value::String(if asked.swap(true, Memory::Relaxed) { Arc::clone(&text) } else { "".into() }))
    })))
}

fn json_map_from_string(run: &TemplateRun, args: &[Value]) -> Answer {
    let Value::String(text) = one("jsonMapFromString", args)? else {
        return Err(failed("jsonMapFromString takes a text"));
    };
    run.meter.spend(text.len())?;
    match serde_json::from_str(text) {
        Ok(object @ serde_json::Value::Object(_)) => Ok(from_json(object)),
        Ok(_) => Err(failed("jsonMapFromString takes the text of an object")),
        Err(error) => Err(failed(format!("jsonMapFromString: {error}"))),
    }
}

/// The text of the first element at a path; an empty text if there is none.
fn get_xpath(run: &TemplateRun, args: &[Value]) -> Answer {
    let (xml, path) = two_texts("getXPath", args)?;
    run.meter.spend(xml.len())?;
    let path = Path::parse(path).map_err(failed)?;
    let document = read_xml("getXPath", xml)?;
    let first = path.find(&document).into_iter().next();
    Ok(Value::String(first.map(|found| found.text()).unwrap_or_default().into()))
}

/// The XML of all elements at a path, tags included.
fn get_xpath_all_outer(run: &TemplateRun, args: &[Value]) -> Answer {
    let (xml, path) = two_texts("getXPathAllOuter", args)?;
    run.meter.spend(xml.len())?;
    let path = Path::parse(path).map_err(failed)?;
    let document = read_xml("getXPathAllOuter", xml)?;
    let mut all: Vec<Value> = Vec::new();
    for found in path.find(&document) {
        let text = found.outer(xml);
        // Nested matches copy the same text several times.
        run.meter.spend(text.len())?;
        all.push(Value::String(text.into()));
    }
    Ok(Value::List(all.into()))
}

fn read_xml(name: &str, xml: &str) -> Result<Element, TemplateError> {
    Element::document(xml).map_err(|broken| failed(format!("{name}: {} at byte {}", broken.reason, broken.at)))
}

/// The first group of the first match, or the match if the pattern has no group; an empty text if nothing matches.
fn get_regexp_first_match(run: &TemplateRun, args: &[Value]) -> Answer {
    let (text, pattern) = two_texts("getRegexpFirstMatch", args)?;
    let pattern = read_pattern(run, text, pattern)?;
    let found = pattern.captures(text).map(|captures| captured(&captures)).unwrap_or_default();
    Ok(Value::String(found.into()))
}

/// The same for all matches, as a list.
fn get_regexp_all_matches(run: &TemplateRun, args: &[Value]) -> Answer {
    let (text, pattern) = two_texts("getRegexpAllMatches", args)?;
    let pattern = read_pattern(run, text, pattern)?;
    let mut all: Vec<Value> = Vec::new();
    for captures in pattern.captures_iter(text) {
        let found = captured(&captures);
        run.meter.spend(found.len())?;
        all.push(Value::String(found.into()));
    }
    Ok(Value::List(all.into()))
}

fn captured<'a>(captures: &regex::Captures<'a>) -> &'a str {
    captures.get(if captures.len() > 1 { 1 } else { 0 }).map_or("", |found| found.as_str())
}

fn read_pattern(run: &TemplateRun, text: &str, pattern: &str) -> Result<Regex, TemplateError> {
    run.meter.spend(text.len())?;
    let mut patterns = run.patterns.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = patterns.get(pattern) {
        return Ok(known.clone());
    }
    // Compiling a pattern costs far more than its length.
    run.meter.spend(pattern.len().saturating_mul(64).saturating_add(64 * 1024))?;
    let read = RegexBuilder::new(pattern).size_limit(1024 * 1024).dfa_size_limit(1024 * 1024).build();
    let read = read.map_err(|error| {
        let reason = error.to_string();
        failed(format!("the pattern cannot be read: {}", reason.lines().last().unwrap_or("").trim()))
    })?;
    patterns.insert(pattern.to_owned(), read.clone());
    Ok(read)
}

/// As `index`, but nil where `index` fails.
fn safe_index(_: &TemplateRun, args: &[Value]) -> Answer {
    let [value, path @ ..] = args else { return Err(failed("safeIndex takes a value and where in it")) };
    let mut value = value.clone();
    for step in path {
        value = value.index(step).unwrap_or(Value::Nil);
    }
    Ok(value)
}

fn to_bool(_: &TemplateRun, args: &[Value]) -> Answer {
    let value = one("toBool", args)?;
    Ok(Value::Bool(match value {
        Value::String(text) => match text.trim() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            other => return Err(failed(format!("toBool cannot read '{}'", cut(other)))),
        },
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => value.is_truthy(),
        other => return Err(failed(format!("toBool takes no {}", other.type_name()))),
    }))
}

fn to_int(_: &TemplateRun, args: &[Value]) -> Answer {
    let value = one("toInt", args)?;
    Ok(match value {
        Value::Nil => Value::Int(0),
        Value::Int(_) | Value::Uint(_) => value.clone(),
        Value::Bool(truth) => Value::Int(i64::from(*truth)),
        // As Go converts: towards zero; values beyond the range of i64 saturate.
        Value::Float(number) => Value::Int(*number as i64),
        Value::String(text) if text.trim().is_empty() => Value::Int(0),
        Value::String(text) => match (text.trim().parse(), text.trim().parse::<u64>(), text.trim().parse::<f64>()) {
            (Ok(whole), ..) => Value::Int(whole),
            (_, Ok(whole), _) => Value::Uint(whole),
            (.., Ok(number)) if number.is_finite() => Value::Int(number as i64),
            _ => return Err(failed(format!("toInt cannot read '{}'", cut(text)))),
        },
        other => return Err(failed(format!("toInt takes no {}", other.type_name()))),
    })
}

fn to_json_text(run: &TemplateRun, args: &[Value]) -> Answer {
    let value = one("toJson", args)?;
    run.meter.spend(weight(value))?;
    Ok(Value::String(to_json(value)?.to_string().into()))
}

/// The name of Go's kind for a value of a document.
fn kind_of(_: &TemplateRun, args: &[Value]) -> Answer {
    let name = match one("kindOf", args)? {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        // In Go, all numbers of documents have this kind.
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
    };
    Ok(Value::String(name.into()))
}

fn plus_one(run: &TemplateRun, args: &[Value]) -> Answer {
    match to_int(run, args)? {
        Value::Int(n) => n.checked_add(1).map(Value::Int).ok_or_else(|| failed("plus1 goes beyond whole numbers")),
        Value::Uint(n) => n.checked_add(1).map(Value::Uint).ok_or_else(|| failed("plus1 goes beyond whole numbers")),
        other => Ok(other),
    }
}

fn arrive(run: &TemplateRun, args: &[Value]) -> Answer {
    let count = |at: usize| args.get(at).and_then(Value::as_int).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    run.meter.arrive(count(0), count(1))?;
    Ok(Value::Nil)
}

fn weigh(run: &TemplateRun, args: &[Value]) -> Answer {
    let [factor, value] = args else { return Err(failed("a pipeline gives one value")) };
    let factor = factor.as_int().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    run.meter.spend(weight(value).saturating_mul(factor))?;
    Ok(value.clone())
}

/// A value as scripts print it: lists and maps as JSON, everything else unchanged.
fn as_json(run: &TemplateRun, args: &[Value]) -> Answer {
    let [factor, value] = args else { return Err(failed("a pipeline gives one value")) };
    weigh(run, &[factor.clone(), value.clone()])?;
    match value {
        Value::List(_) | Value::Map(_) => Ok(Value::String(to_json(value)?.to_string().into())),
        other => Ok(other.clone()),
    }
}

/// A number as a float, for the float verbs of `printf`.
fn float(run: &TemplateRun, args: &[Value]) -> Answer {
    let value = one("printf", args)?;
    // Any other value is written in full, in the error text of `printf`.
    run.meter.spend(weight(value))?;
    Ok(match value {
        Value::Int(whole) => Value::Float(*whole as f64),
        Value::Uint(whole) => Value::Float(*whole as f64),
        other => other.clone(),
    })
}

/// Charges the cost of a `printf` format. It can request wide fields and repeat one value; both cost more
/// than the values weigh.
fn format(run: &TemplateRun, args: &[Value]) -> Answer {
    let value = one("printf", args)?;
    if let Value::String(text) = value {
        run.meter.spend(text.len())?;
        let (mut again, mut rest) = (0, &**text);
        while let Some((_, verb)) = rest.split_once('%') {
            let flags = verb.find(|c: char| c.is_alphabetic() || c == '%').unwrap_or(verb.len());
            let (flags, after) = verb.split_at(flags);
            if flags.contains(|c: char| c.is_ascii_digit() || c == '*') {
                run.meter.spend(WIDEST)?;
            }
            again += usize::from(flags.contains('['));
            let mut after = after.chars();
            after.next();
            rest = after.as_str();
        }
        if again > 8 {
            return Err(failed("a format may name at most 8 of its values by number; write them in order"));
        }
    }
    Ok(value.clone())
}

/// A value as a GraphQL literal.
fn write_value(run: &TemplateRun, args: &[Value], write: fn(&Value) -> Result<String, TemplateError>) -> Answer {
    let value = one("an action", args)?;
    run.meter.spend(weight(value))?;
    Ok(Value::String(write(value)?.into()))
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
