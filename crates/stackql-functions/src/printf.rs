//! `printf` with SQLite's conversions.

use std::iter::Peekable;
use std::str::Chars;

use crate::error::Error;
use crate::value::{Value, rounded};

/// The maximum length of the result, a width or a precision.
const LONGEST: usize = 1_000_000;

/// Formats the values of a row by the format, its first argument.
pub(crate) fn printf<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let Some(format) = row.first().and_then(Value::as_text) else { return Ok(Value::Null) };
    let mut values = row[1..].iter();
    let mut text = String::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let Some(place) = FormatSpec::parse(&mut letters, &mut values)? else { break };
        match place.conversion {
            '%' => text.push('%'),
            _ => match place.format_value(values.next().unwrap_or(&Value::Null)) {
                Some(filled) => text.push_str(&filled),
                // As in SQLite, an invalid conversion ends the output.
                None => break,
            },
        }
        if text.len() > LONGEST {
            return Err(Error::TooLong(LONGEST));
        }
    }
    Ok(Value::text(text))
}

/// A conversion specification, such as `%-08.2f`.
#[derive(Debug, Default)]
struct FormatSpec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    grouped: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl FormatSpec {
    fn parse<'v, 'a: 'v>(
        letters: &mut Peekable<Chars<'_>>,
        values: &mut impl Iterator<Item = &'v Value<'a>>,
    ) -> Result<Option<Self>, Error> {
        let mut place = Self::default();
        while let Some(flag) = letters.next_if(|c| "-+ 0,#!".contains(*c)) {
            match flag {
                '-' => place.left = true,
                '+' => place.plus = true,
                ' ' => place.space = true,
                '0' => place.zero = true,
                ',' => place.grouped = true,
                '#' => place.alternate = true,
                _ => {}
            }
        }
        let mut number = |letters: &mut Peekable<Chars<'_>>| -> Result<Option<i64>, Error> {
            if letters.next_if_eq(&'*').is_some() {
                return Ok(Some(values.next().and_then(Value::as_integer).unwrap_or_default()));
            }
            let mut digits = String::new();
            while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            match digits.as_str() {
                "" => Ok(None),
                digits => digits.parse().map(Some).map_err(|_| Error::TooLong(LONGEST)),
            }
        };
        let size = |number: i64| match usize::try_from(number.unsigned_abs()) {
            Ok(size) if size <= LONGEST => Ok(size),
            _ => Err(Error::TooLong(LONGEST)),
        };
        if let Some(width) = number(letters)? {
            place.left |= width < 0;
            place.width = size(width)?;
        }
        if letters.next_if_eq(&'.').is_some() {
            place.precision = Some(size(number(letters)?.unwrap_or_default())?);
        }
        while letters.next_if_eq(&'l').is_some() {}
        let Some(conversion) = letters.next() else { return Ok(None) };
        place.conversion = conversion;
        Ok(Some(place))
    }

    fn format_value(&self, value: &Value<'_>) -> Option<String> {
        let text = || value.as_text().unwrap_or_default();
        let shortened = |text: &str| match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        let filled = match self.conversion {
            'd' | 'i' => {
                let number = value.as_integer().unwrap_or_default();
                self.signed(number < 0, self.least(&number.unsigned_abs().to_string()))
            }
            'u' => self.signed(false, self.least(&value.as_integer().unwrap_or_default().cast_unsigned().to_string())),
            'x' => format!("{:x}", value.as_integer().unwrap_or_default()),
            'X' => format!("{:X}", value.as_integer().unwrap_or_default()),
            'o' => format!("{:o}", value.as_integer().unwrap_or_default()),
            'f' | 'e' | 'E' | 'g' | 'G' => {
                let number = value.as_real().unwrap_or_default();
                self.signed(number < 0.0, self.float(number.abs()))
            }
            'c' => text().chars().next().map(String::from).unwrap_or_default(),
            's' | 'z' => shortened(&text()),
            'q' => shortened(&text().replace('\'', "''")),
            'w' => shortened(&text().replace('"', "\"\"")),
            'Q' if value.is_null() => "NULL".to_owned(),
            'Q' => format!("'{}'", shortened(&text().replace('\'', "''"))),
            _ => return None,
        };
        let prefix = match self.conversion {
            'x' | 'X' if self.alternate && value.as_integer() != Some(0) => {
                if self.conversion == 'x' {
                    "0x"
                } else {
                    "0X"
                }
            }
            'o' if self.alternate => "0",
            _ => "",
        };
        let filled = format!("{prefix}{filled}");
        let missing = self.width.saturating_sub(filled.chars().count());
        Some(match (self.left, self.zero && "diuxXofeEgG".contains(self.conversion)) {
            (true, _) => filled + &" ".repeat(missing),
            (false, false) => " ".repeat(missing) + &filled,
            (false, true) => {
                let sign = filled.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or_default() + prefix.len();
                format!("{}{}{}", &filled[..sign], "0".repeat(missing), &filled[sign..])
            }
        })
    }

    fn signed(&self, negative: bool, digits: String) -> String {
        let digits = if self.grouped { grouped(&digits) } else { digits };
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        format!("{sign}{digits}")
    }

    fn least(&self, digits: &str) -> String {
        "0".repeat(self.precision.unwrap_or_default().saturating_sub(digits.len())) + digits
    }

    fn float(&self, number: f64) -> String {
        if !number.is_finite() {
            return "Inf".to_owned();
        }
        // No float has more digits.
        let precision = self.precision.unwrap_or(6).min(1100);
        let upper = self.conversion.is_ascii_uppercase();
        let text = match self.conversion {
            'f' => rounded(number, precision),
            'e' | 'E' => exponent(&format!("{number:.precision$e}")),
            _ => {
                let precision = precision.max(1);
                let scientific = format!("{number:.0$e}", precision - 1);
                let power: i64 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
                let significant = i64::try_from(precision).unwrap_or(i64::MAX);
                if power < -4 || power >= significant {
                    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
                    exponent(&format!("{}e{power}", without_zeros(digits)))
                } else {
                    let places = usize::try_from(significant - 1 - power).unwrap_or_default();
                    without_zeros(&format!("{number:.places$}")).to_owned()
                }
            }
        };
        if upper { text.to_uppercase() } else { text }
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// Rewrites `1.5e3` to `1.5e+03`.
fn exponent(text: &str) -> String {
    let (digits, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// Inserts a comma between groups of three digits in front of the decimal point.
fn grouped(digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
