//! Pattern matching functions: regular expressions, LIKE, GLOB and SIMILAR TO.

use std::cell::RefCell;

use regex::{Regex, RegexBuilder};

use crate::error::Error;
use crate::function::Function;
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "regexp_like",
        (2, 2),
        Type::Answer,
        |row| matches(row, |pattern, text| Value::Integer(i64::from(pattern.is_match(text)))),
        ("regexp_like(x, pattern)", "1 if the pattern is in x, else 0", "regexp_like('i-0abc', '^i-[0-9a-f]+$')"),
    ),
    Function::new(
        "regexp_substr",
        (2, 2),
        Type::Text,
        |row| {
            matches(row, |pattern, text| match pattern.find(text) {
                Some(found) => Value::text(found.as_str().to_owned()),
                None => Value::Null,
            })
        },
        (
            "regexp_substr(x, pattern)",
            "what in x first fits the pattern, or NULL",
            "regexp_substr('vol-12 of 34', '\\d+')",
        ),
    ),
    Function::new(
        "regexp_replace",
        (3, 4),
        Type::Text,
        replaced,
        (
            "regexp_replace(x, pattern, with[, flags])",
            "x with what fits the pattern replaced, where \\1 is its first group: everything, with flags the first unless `g` is \
             among them; `i` overlooks case",
            "regexp_replace('a1b22', '[0-9]+', '#')",
        ),
    ),
    Function::new(
        "regexp_first",
        (2, 2),
        Type::Text,
        |row| {
            matches(row, |pattern, text| match pattern.captures(text) {
                Some(found) => {
                    found.get(1).or(found.get(0)).map_or(Value::Null, |m| Value::text(m.as_str().to_owned()))
                }
                None => Value::Null,
            })
        },
        (
            "regexp_first(x, pattern), substring(x FROM pattern)",
            "what in x first fits the pattern, or its first group where it has one",
            "regexp_first('vol-12', 'vol-(\\d+)')",
        ),
    ),
    Function::new(
        "similar_to",
        (2, 3),
        Type::Answer,
        similar,
        (
            "similar_to(x, pattern[, escape]), x SIMILAR TO pattern",
            "1 if all of x is as the pattern says: % is any text, _ one character, with | * + ? {} () and []; else 0",
            "similar_to('abc', 'a(b|x)%')",
        ),
    ),
    Function::new(
        "like",
        (2, 3),
        Type::Answer,
        like,
        (
            "like(pattern, x[, escape])",
            "1 if x is like the pattern, in which % is any text and _ one character, in any case of a to z; else 0",
            "like('A%', 'abc')",
        ),
    ),
    Function::new(
        "glob",
        (2, 2),
        Type::Answer,
        glob,
        (
            "glob(pattern, x)",
            "1 if x is as the pattern says: * is any text, ? one character, [a-c] one of these; else 0",
            "glob('*.[ch]', 'main.c')",
        ),
    ),
];

/// The maximum size of a compiled pattern in bytes.
const LARGEST: usize = 1 << 20;

/// Compiles a pattern. The last one is cached, because consecutive rows mostly have the same.
fn regex(pattern: &str) -> Result<Regex, Error> {
    thread_local! {
        static LAST: RefCell<Option<Regex>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some(known) if known.as_str() == pattern => Ok(known.clone()),
        _ => {
            let made = RegexBuilder::new(pattern).size_limit(LARGEST).build();
            let made = made.map_err(|error| Error::BadPattern(one_line_error(&error)))?;
            Ok(last.insert(made).clone())
        }
    })
}

/// The message of a regex error on one line.
fn one_line_error(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn matches<'a>(row: &[Value<'a>], make: impl Fn(&Regex, &str) -> Value<'static>) -> Result<Value<'a>, Error> {
    match (row[0].as_text(), row[1].as_text()) {
        (Some(text), Some(pattern)) => Ok(make(&regex(&pattern)?, &text)),
        _ => Ok(Value::Null),
    }
}

/// Whether a translated pattern matches the whole text, line breaks included.
fn is_match<'a>(pattern: &str, text: &str) -> Result<Value<'a>, Error> {
    Ok(Value::Integer(i64::from(regex(&format!("(?s)^{pattern}$"))?.is_match(text))))
}

/// `regexp_replace`: in the replacement, `\1` is the first group of the match and `\&` the whole match.
fn replaced<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some(with) = row[2].as_text() else { return Ok(Value::Null) };
    let flags = match row.get(3) {
        None => None,
        Some(flags) => match flags.as_text() {
            Some(flags) => Some(flags.into_owned()),
            None => return Ok(Value::Null),
        },
    };
    let (Some(text), Some(pattern)) = (row[0].as_text(), row[1].as_text()) else { return Ok(Value::Null) };
    let has = |flag: char| flags.as_deref().is_some_and(|flags| flags.contains(flag));
    if flags.as_deref().is_some_and(|flags| flags.contains(|flag: char| !"gimsx".contains(flag))) {
        return Err(Error::Arguments("the flags of regexp_replace are g, i, m, s and x"));
    }
    let within: String = ['i', 'm', 's', 'x'].into_iter().filter(|flag| has(*flag)).collect();
    let pattern = if within.is_empty() { pattern.into_owned() } else { format!("(?{within}){pattern}") };
    let most = if flags.is_none() || has('g') { 0 } else { 1 };
    let mut template = String::new();
    let mut letters = with.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => template.push_str("$$"),
            '\\' => match letters.next() {
                Some(digit) if digit.is_ascii_digit() => template.push_str(&format!("${{{digit}}}")),
                Some('&') => template.push_str("${0}"),
                Some(other) => template.push(other),
                None => template.push('\\'),
            },
            other => template.push(other),
        }
    }
    Ok(Value::text(regex(&pattern)?.replacen(&text, most, template.as_str()).into_owned()))
}

/// SIMILAR TO: the wildcards of LIKE, and those operators of regular expressions that SQL defines.
fn similar<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(text), Some(pattern)) = (row[0].as_text(), row[1].as_text()) else { return Ok(Value::Null) };
    let escape = match row.get(2) {
        None => '\\',
        Some(escape) => match escape.as_text().and_then(|escape| escape.chars().next()) {
            Some(one) => one,
            None => return Ok(Value::Null),
        },
    };
    let mut translated = String::new();
    let mut letters = pattern.chars();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == escape => match letters.next() {
                Some(next) => translated.push_str(&regex::escape(next.encode_utf8(&mut [0; 4]))),
                None => return Err(Error::Arguments("a pattern ends with its escape character")),
            },
            ']' => {
                in_class = false;
                translated.push(']');
            }
            letter if in_class => translated.push(letter),
            '[' => {
                in_class = true;
                translated.push('[');
            }
            '%' => translated.push_str(".*"),
            '_' => translated.push('.'),
            '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' => translated.push(letter),
            other => translated.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    is_match(&format!("(?:{translated})"), &text)
}

fn like<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(pattern), Some(text)) = (row[0].as_text(), row[1].as_text()) else { return Ok(Value::Null) };
    let escape = match row.get(2) {
        None => None,
        Some(Value::Null) => return Ok(Value::Null),
        Some(escape) => {
            let escape = escape.as_text().unwrap_or_default();
            let mut letters = escape.chars();
            match (letters.next(), letters.next()) {
                (Some(one), None) => Some(one),
                _ => return Err(Error::Arguments("ESCAPE is a single character")),
            }
        }
    };
    let mut translated = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            letter if Some(letter) == escape => match letters.next() {
                Some(next) => translated.push_str(&either_case(next)),
                None => return Ok(Value::Integer(0)),
            },
            '%' => translated.push_str(".*"),
            '_' => translated.push('.'),
            letter => translated.push_str(&either_case(letter)),
        }
    }
    is_match(&translated, &text)
}

/// A pattern for a letter that ignores the case of ASCII letters.
fn either_case(letter: char) -> String {
    match letter.is_ascii_alphabetic() {
        true => format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase()),
        false => regex::escape(letter.encode_utf8(&mut [0; 4])),
    }
}

fn glob<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(pattern), Some(text)) = (row[0].as_text(), row[1].as_text()) else { return Ok(Value::Null) };
    let mut translated = String::new();
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '*' => translated.push_str(".*"),
            '?' => translated.push('.'),
            '[' => match class(rest.as_str()) {
                Some((class, behind)) => {
                    translated.push_str(&class);
                    rest = behind.chars();
                }
                // A pattern with an unclosed bracket matches nothing.
                None => return Ok(Value::Integer(0)),
            },
            letter => translated.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    is_match(&translated, &text)
}

/// Translates `^a-c]…` to a regex class, and returns it with the rest. A `]` in first position is a member of the class.
fn class(text: &str) -> Option<(String, &str)> {
    let (negated, text) = text.strip_prefix('^').map_or(("", text), |rest| ("^", rest));
    let end = text.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
    let mut class = format!("[{negated}");
    let letters: Vec<char> = text[..end].chars().collect();
    let mut at = 0;
    while let Some(from) = letters.get(at) {
        let escaped = |letter: char| format!("\\x{{{:x}}}", u32::from(letter));
        match (letters.get(at + 1), letters.get(at + 2)) {
            (Some('-'), Some(to)) => {
                if from <= to {
                    class.push_str(&format!("{}-{}", escaped(*from), escaped(*to)));
                }
                at += 3;
            }
            _ => {
                class.push_str(&escaped(*from));
                at += 1;
            }
        }
    }
    class.push(']');
    Some((class, &text[end + 1..]))
}
