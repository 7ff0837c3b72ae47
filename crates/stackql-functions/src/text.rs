//! Text functions, where SQLite's results differ from those of DataFusion's functions of the same name.

use crate::error::Error;
use crate::function::{ANY, Function};
use crate::printf::printf;
use crate::value::{Type, Value, real_text};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "char",
        (0, ANY),
        Type::Text,
        |row| {
            let character = |value: &Value<'_>| {
                let code = value.as_integer().and_then(|code| u32::try_from(code).ok());
                code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
            };
            Ok(Value::text(row.iter().map(character).collect::<String>()))
        },
        ("char(code, …)", "the characters with these numbers", "char(72, 105)"),
    ),
    Function::new(
        "string",
        (1, 1),
        Type::Plain,
        |row| Ok(row[0].as_text().map_or(Value::Null, |text| Value::text(text.into_owned()))),
        ("string(x)", "x as text, and sent as text in a change even if it looks like JSON", "string('{\"a\":1}')"),
    ),
    Function::new(
        "unicode",
        (1, 1),
        Type::Integer,
        |row| Ok(first_char(&row[0]).map_or(Value::Null, |c| Value::Integer(i64::from(u32::from(c))))),
        ("unicode(x)", "the number of the first character", "unicode('A')"),
    ),
    Function::new(
        "hex",
        (1, 1),
        Type::Text,
        |row| {
            let bytes = match &row[0] {
                Value::Blob(bytes) => bytes.to_vec(),
                other => other.as_text().unwrap_or_default().as_bytes().to_vec(),
            };
            Ok(Value::text(hexadecimal(&bytes)))
        },
        ("hex(x)", "the bytes of x in hexadecimal", "hex('abc')"),
    ),
    Function::new(
        "unhex",
        (1, 2),
        Type::Blob,
        unhex,
        ("unhex(x[, ignored])", "the bytes that hexadecimal digits say, or NULL", "hex(unhex('61 62', ' '))"),
    ),
    Function::new("quote", (1, 1), Type::Text, quote, ("quote(x)", "x as an SQL literal", "quote('it''s')")),
    Function::new(
        "instr",
        (2, 2),
        Type::Integer,
        instr,
        ("instr(x, y)", "at which character y first begins in x, or 0", "instr('stackql', 'ql')"),
    ),
    Function::new(
        "substr",
        (2, 3),
        Type::Text,
        substr,
        (
            "substr(x, start[, count])",
            "characters of x from the first, 1, on; a negative start counts from the end, a negative count goes back",
            "substr('stackql', -2)",
        ),
    )
    .also(&["substring"]),
    Function::new(
        "replace",
        (3, 3),
        Type::Text,
        |row| {
            let (Some(text), Some(from), Some(to)) = (row[0].as_text(), row[1].as_text(), row[2].as_text()) else {
                return Ok(Value::Null);
            };
            Ok(Value::text(if from.is_empty() { text.into_owned() } else { text.replace(&*from, &to) }))
        },
        ("replace(x, from, to)", "x with every `from` as `to`", "replace('a-b-c', '-', '.')"),
    ),
    Function::new(
        "length",
        (1, 1),
        Type::Integer,
        |row| {
            let length = match &row[0] {
                Value::Blob(bytes) => Some(bytes.len()),
                other => other.as_text().map(|text| text.chars().count()),
            };
            Ok(length.map_or(Value::Null, |length| Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))))
        },
        ("length(x)", "how many characters x has", "length('stackql')"),
    ),
    Function::new(
        "split_part",
        (3, 3),
        Type::Text,
        split_part,
        (
            "split_part(x, separator, n)",
            "the n-th part of x, from behind where n is negative, or NULL where there is none",
            "split_part('a/b/c', '/', -1)",
        ),
    ),
    Function::new(
        "printf",
        (1, ANY),
        Type::Text,
        printf,
        (
            "printf(format, x, …)",
            "values in the places that a format has for them",
            "printf('%05.2f|%-4s|%d', 3.14159, 'a', 7)",
        ),
    )
    .also(&["format"]),
    Function::new(
        "typeof",
        (1, 1),
        Type::Text,
        |row| {
            Ok(Value::text(match &row[0] {
                Value::Null => "null",
                Value::Boolean(_) | Value::Integer(_) => "integer",
                Value::Real(_) => "real",
                Value::Text(_) | Value::Json(_) => "text",
                Value::Blob(_) => "blob",
            }))
        },
        ("typeof(x)", "null, integer, real, text or blob; of a boolean integer", "typeof(1.5)"),
    ),
    Function::new(
        "soundex",
        (1, 1),
        Type::Text,
        |row| Ok(Value::text(soundex(&row[0].as_text().unwrap_or_default()))),
        ("soundex(x)", "how x sounds in English", "soundex('Robert')"),
    ),
    Function::new(
        "sqlite_version",
        (0, 0),
        Type::Text,
        |_| Ok(Value::text("3.54.1")),
        ("sqlite_version()", "the version of SQLite whose results these functions have", "sqlite_version()"),
    ),
];

fn first_char(value: &Value<'_>) -> Option<char> {
    value.as_text().and_then(|text| text.chars().next())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some(text) = row[0].as_text() else { return Ok(Value::Null) };
    let ignored = match row.get(1) {
        None => String::new(),
        Some(Value::Null) => return Ok(Value::Null),
        Some(ignored) => ignored.as_text().unwrap_or_default().into_owned(),
    };
    let mut bytes = Vec::new();
    let mut high = None;
    for letter in text.chars() {
        match (letter.to_digit(16), high) {
            (Some(digit), None) => high = Some(digit),
            (Some(digit), Some(before)) => {
                bytes.extend(u8::try_from(before * 16 + digit));
                high = None;
            }
            // Ignored characters may not separate the two digits of a byte.
            (None, None) if ignored.contains(letter) => {}
            (None, _) => return Ok(Value::Null),
        }
    }
    Ok(if high.is_none() { Value::Blob(bytes.into()) } else { Value::Null })
}

fn quote<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    Ok(Value::text(match &row[0] {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(_) | Value::Integer(_) => row[0].as_integer().unwrap_or_default().to_string(),
        Value::Real(number) => real_text(*number),
        Value::Text(text) | Value::Json(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => format!("X'{}'", hexadecimal(bytes)),
    }))
}

fn instr<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(text), Some(part)) = (row[0].as_text(), row[1].as_text()) else { return Ok(Value::Null) };
    let place = text.find(&*part).map_or(0, |at| text[..at].chars().count() + 1);
    Ok(Value::Integer(i64::try_from(place).unwrap_or(i64::MAX)))
}

fn substr<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(text), Some(start)) = (row[0].as_text(), row[1].as_integer()) else { return Ok(Value::Null) };
    let count = match row.get(2) {
        None => i64::MAX,
        Some(count) => match count.as_integer() {
            Some(count) => count,
            None => return Ok(Value::Null),
        },
    };
    let length = i128::try_from(text.chars().count()).unwrap_or(i128::MAX);
    let (start, mut count) = (i128::from(start), i128::from(count));
    let mut from = match start {
        0 => {
            // Position 0 is in front of the first character, and counts towards the length.
            count -= i128::from(count > 0);
            0
        }
        start if start > 0 => start - 1,
        start => {
            let from = length + start;
            if from < 0 && count > 0 {
                count = (count + from).max(0);
            }
            from
        }
    };
    if count < 0 {
        count = -count;
        from -= count;
        if from < 0 {
            count += from;
        }
    }
    let (from, count) = (from.max(0), count.max(0));
    let skipped = usize::try_from(from).unwrap_or(usize::MAX);
    let taken = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Value::text(text.chars().skip(skipped).take(taken).collect::<String>()))
}

fn split_part<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (Some(text), Some(separator), Some(n)) = (row[0].as_text(), row[1].as_text(), row[2].as_integer()) else {
        return Ok(Value::Null);
    };
    if separator.is_empty() || n == 0 {
        return Ok(Value::Null);
    }
    let place = usize::try_from(n.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let part = if n > 0 { text.split(&*separator).nth(place) } else { text.rsplit(&*separator).nth(place) };
    Ok(part.map_or(Value::Null, |part| Value::text(part.to_owned())))
}

fn soundex(text: &str) -> String {
    let digit = |letter: char| match letter.to_ascii_lowercase() {
        'b' | 'f' | 'p' | 'v' => Some('1'),
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => Some('2'),
        'd' | 't' => Some('3'),
        'l' => Some('4'),
        'm' | 'n' => Some('5'),
        'r' => Some('6'),
        _ => None,
    };
    let mut letters = text.chars().skip_while(|c| !c.is_ascii_alphabetic());
    let Some(first) = letters.next() else { return "?000".to_owned() };
    let mut code = String::from(first.to_ascii_uppercase());
    let mut last = digit(first);
    for letter in letters {
        match digit(letter) {
            Some(digit) if Some(digit) != last => {
                code.push(digit);
                last = Some(digit);
            }
            Some(_) => {}
            None => last = None,
        }
        if code.len() == 4 {
            return code;
        }
    }
    format!("{code:0<4}")
}

/// The integer in a text, also with a decimal point or an exponent.
pub(crate) fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
    })
}
