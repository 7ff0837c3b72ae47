//! Parses conditions of documents, such as `$.status == 'DONE' || $.endTime != null`. `&&` has a higher precedence than
//! `||`; parentheses group.

use stackql_provider::StatusCondition;

use super::response::steps;

/// Maximum nesting depth of parentheses.
const MAX_DEPTH: usize = 32;

/// Parses a condition.
///
/// # Errors
///
/// The reason why the text is no condition.
pub(super) fn parse(text: &str) -> Result<StatusCondition, String> {
    let mut reader = Reader { rest: text };
    let condition = reader.any(0)?;
    match reader.rest.trim_start() {
        "" => Ok(condition),
        rest => Err(format!("'{rest}' was not expected")),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn any(&mut self, depth: usize) -> Result<StatusCondition, String> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("||") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { StatusCondition::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<StatusCondition, String> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("&&") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { StatusCondition::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<StatusCondition, String> {
        if self.takes("(") {
            if depth == MAX_DEPTH {
                return Err("it is nested too deeply".to_owned());
            }
            let inner = self.any(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let path = self.word();
        if !path.starts_with('$') {
            return Err(format!("'{path}' is no path such as $.status"));
        }
        let path = steps(path);
        if self.takes("==") {
            return Ok(StatusCondition::Is(path, self.value()?));
        }
        if self.takes("!=") {
            return Ok(StatusCondition::IsNot(path, self.value()?));
        }
        // A path alone is true if its value is not null.
        Ok(StatusCondition::IsNot(path, None))
    }

    /// A quoted text, a number, `true` or `false`; `None` for `null`.
    fn value(&mut self) -> Result<Option<String>, String> {
        let rest = self.rest.trim_start();
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let (text, rest) = rest[1..].split_once(quote).ok_or("a text is not closed")?;
            self.rest = rest;
            return Ok(Some(text.to_owned()));
        }
        match self.word() {
            "null" => Ok(None),
            plain if matches!(plain, "true" | "false") || plain.parse::<f64>().is_ok() => Ok(Some(plain.to_owned())),
            other => Err(format!("'{other}' is no value; write a text in quotes")),
        }
    }

    /// Everything up to whitespace or an operator.
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '!' | '&' | '|' | '(' | ')');
        let (word, rest) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        self.rest = rest;
        word
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = self.rest.trim_start().strip_prefix(mark);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }
}

#[cfg(test)]
mod tests;
