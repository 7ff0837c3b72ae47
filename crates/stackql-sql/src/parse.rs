//! The parser of one statement: text to [`Statement`]. The first word selects the submodule that parses the statement; this
//! module owns the token stream, hints, and the position of errors.

mod auth;
mod ddl;
mod exec_relation;
mod expression_depth;
mod names;
mod prepared;
mod registry;
mod replace;
mod stackql;
mod standard;
mod transaction;

use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::{Hints, JoinHint, SqlDialect, Statement, SyntaxError};

/// Parses one statement. A semicolon may terminate it; only comments may follow.
///
/// # Errors
///
/// [`SyntaxError`], with the position: the text is not one valid statement, or it is nested too deeply.
pub fn parse(text: &str) -> Result<Statement, SyntaxError> {
    let tokens = Tokenizer::new(&SqlDialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|e| {
        let message = lower_first(&e.message);
        SyntaxError::at(text, byte_of(text, e.location), None, message)
    })?;
    let tokens = names::settled(text, tokens);
    let mut reader =
        StatementParser::new(text, hints(&tokens), exec_relation::exec_relations_as_functions(text, tokens)?);
    if let Some(operator) = expression_depth::find_too_deep(&reader.tokens) {
        let most = expression_depth::LONGEST;
        let message = format!("more than {most} operators in a row; use IN, a table of values or several statements");
        return Err(reader.error_at(operator.span.start, message));
    }
    let statement = reader.statement()?;
    reader.end()?;
    Ok(statement)
}

/// First keywords of statements that are recognized but not supported.
const OTHER: [&str; 14] = [
    "ALTER", "ANALYZE", "CALL", "CLOSE", "COPY", "DECLARE", "DISCARD", "FETCH", "GRANT", "LOCK", "MERGE", "RESET",
    "REVOKE", "TRUNCATE",
];
/// First keywords of supported statements.
const RUN: [&str; 29] = [
    "SELECT",
    "WITH",
    "VALUES",
    "INSERT",
    "UPDATE",
    "REPLACE",
    "DELETE",
    "EXEC",
    "AUTH",
    "PURGE",
    "SHOW",
    "DESCRIBE",
    "EXPLAIN",
    "USE",
    "SET",
    "SLEEP",
    "REGISTRY",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "CREATE",
    "DROP",
    "REFRESH",
    "NATIVEQUERY",
    "BEGIN",
    "START",
    "COMMIT",
    "END",
    "ROLLBACK",
];

/// A recursive-descent parser over the tokens of one statement.
struct StatementParser<'a> {
    text: &'a str,
    tokens: Vec<TokenWithSpan>,
    hints: Hints,
    parser: Parser<'a>,
}

impl<'a> StatementParser<'a> {
    fn new(text: &'a str, hints: Hints, tokens: Vec<TokenWithSpan>) -> Self {
        let parser = Parser::new(&SqlDialect).with_tokens_with_locations(tokens.clone());
        Self { text, tokens, hints, parser }
    }
}

impl StatementParser<'_> {
    fn statement(&mut self) -> Result<Statement, SyntaxError> {
        let first = self.parser.peek_token();
        let word = match &first.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            Token::LParen => return self.query().map(Statement::Query),
            _ => return Err(self.expected("a statement, such as SELECT or SHOW")),
        };
        match word.as_str() {
            "SELECT" | "WITH" | "VALUES" => self.query().map(Statement::Query),
            "INSERT" => self.insert().map(Statement::Insert),
            "UPDATE" => self.update().map(Statement::Update),
            "REPLACE" => self.replace().map(Statement::Replace),
            "DELETE" => self.delete().map(Statement::Delete),
            "EXEC" => self.exec().map(Statement::Exec),
            "SHOW" => self.show().map(Statement::Show),
            "DESCRIBE" | "DESC" => self.describe(),
            "EXPLAIN" => {
                self.parser.next_token();
                let analyze = self.word("ANALYZE");
                // EXPLAIN is always verbose, so VERBOSE changes nothing.
                self.word("VERBOSE");
                if matches!(&self.parser.peek_token().token, Token::Word(w) if w.value.eq_ignore_ascii_case("EXPLAIN"))
                {
                    return Err(self.wrong("one EXPLAIN is enough"));
                }
                Ok(Statement::Explain { analyze, statement: Box::new(self.statement()?) })
            }
            "USE" | "SET" | "SLEEP" => self.setting(&word),
            "REGISTRY" => self.registry(),
            "AUTH" => self.auth(),
            "PURGE" => self.purge(),
            "CREATE" => self.create(),
            "DROP" => self.drop(),
            "REFRESH" => self.refresh(),
            "NATIVEQUERY" => self.native(),
            "PREPARE" => self.prepare(),
            "EXECUTE" => self.execute(),
            "DEALLOCATE" => self.deallocate(),
            "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" => self.transaction(&word),
            other if OTHER.contains(&other) => {
                while self.parser.next_token().token != Token::EOF {}
                Ok(Statement::Unsupported(word))
            }
            unknown => {
                let near = RUN.iter().chain(&OTHER).find(|known| one_slip_apart(known, unknown));
                let meant = near.map(|k| format!(", did you mean {k}?")).unwrap_or_default();
                Err(self.wrong(format!("no statement begins with this word{meant}")))
            }
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let _ = self.parser.consume_token(&Token::SemiColon);
        let next = self.parser.peek_token();
        match next.token {
            Token::EOF => Ok(()),
            _ => Err(self.with_suggestion(self.expected("the end of the statement"), next.span.start)),
        }
    }

    /// Consumes the next token if it is this unquoted word, case-insensitively; returns whether it was.
    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(&self.parser.peek_token().token,
            Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(wanted));
        if found {
            self.parser.next_token();
        }
        found
    }

    /// Creates an error at the next token.
    fn wrong(&self, message: impl Into<String>) -> SyntaxError {
        self.error_at(self.parser.peek_token().span.start, message)
    }

    fn expected(&self, what: &str) -> SyntaxError {
        self.wrong(format!("expected {what}"))
    }

    fn error_at(&self, place: Location, message: impl Into<String>) -> SyntaxError {
        let token = self.tokens.iter().find(|t| place.line > 0 && t.span.start == place);
        let near = token.map(|t| truncate(&t.token.to_string()));
        let position = if place.line == 0 { self.text.trim_end().len() } else { byte_of(self.text, place) };
        SyntaxError::at(self.text, position, near, message)
    }

    /// Converts an error of `sqlparser`: takes the position out of its text and normalizes the message.
    fn parser_error(&self, error: ParserError) -> SyntaxError {
        let text = match error {
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
            ParserError::RecursionLimitExceeded => return self.wrong("nested too deeply; use fewer parentheses"),
        };
        let (message, place) = match text.rsplit_once(" at Line: ") {
            Some((message, place)) => (message, location(place)),
            None => (text.as_str(), Location::empty()),
        };
        let message = match message.split_once(", found: ") {
            Some((expected, _)) => lower_first(&expected.replacen("Expected: ", "expected ", 1)),
            None if message.starts_with("No infix parser") => "this operator is not read".to_owned(),
            None => lower_first(message.trim_end_matches('.')),
        };
        self.with_suggestion(self.error_at(place, message), place)
    }

    /// Adds a suggestion to the error if the word in front of `place` is a misspelled keyword.
    fn with_suggestion(&self, mut error: SyntaxError, place: Location) -> SyntaxError {
        if let Some(keyword) = self.misspelled_before(place) {
            error.message.push_str(&format!("; did you mean {keyword} in front of it?"));
        }
        error
    }

    /// The clause keyword that is misspelled in front of `place`. The parser takes a misspelled keyword such as `FORM` for an
    /// alias, and reports the error at the token after it.
    fn misspelled_before(&self, place: Location) -> Option<&'static str> {
        let end = self.tokens.iter().position(|t| t.span.start == place)?;
        let word = self.tokens[..end].iter().rev().find(|t| !matches!(t.token, Token::Whitespace(_)))?;
        let Token::Word(word) = &word.token else { return None };
        if word.quote_style.is_some() || word.keyword != Keyword::NoKeyword {
            return None;
        }
        let typed = word.value.to_ascii_uppercase();
        ["FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "VALUES", "RETURNING", "SELECT"]
            .into_iter()
            .find(|known| one_slip_apart(known, &typed))
    }
}

/// Collects the hints of all `/*+ … */` comments. Unknown words are ignored.
fn hints(tokens: &[TokenWithSpan]) -> Hints {
    let mut hints = Hints::default();
    for token in tokens {
        let Token::Whitespace(Whitespace::MultiLineComment(comment)) = &token.token else { continue };
        let Some(asked) = comment.strip_prefix('+') else { continue };
        for word in asked.split(|c: char| !c.is_alphanumeric() && c != '_') {
            hints.await_completion |= word.eq_ignore_ascii_case("AWAIT");
            hints.show_results |= word.eq_ignore_ascii_case("SHOWRESULTS");
            if word.eq_ignore_ascii_case("LOOKUP") {
                hints.join = Some(JoinHint::Lookup);
            } else if word.eq_ignore_ascii_case("LIST") {
                hints.join = Some(JoinHint::List);
            }
        }
    }
    hints
}

/// Parses the position in a message of `sqlparser`: `1, Column: 8`.
fn location(text: &str) -> Location {
    let number = |s: &str| s.trim().parse::<u64>().ok();
    match text.split_once(", Column: ").map(|(line, column)| (number(line), number(column))) {
        Some((Some(line), Some(column))) => Location { line, column },
        _ => Location::empty(),
    }
}

fn byte_of(text: &str, place: Location) -> usize {
    let (line, column) = (place.line.saturating_sub(1) as usize, place.column.saturating_sub(1) as usize);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_lowercase().to_string()).unwrap_or_default() + chars.as_str()
}

fn truncate(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Whether two different words have an edit distance of one: one letter is missing, added or replaced, or two neighboring
/// letters are swapped.
fn one_slip_apart(known: &str, typed: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (known.chars().collect(), typed.chars().collect());
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[front..], &b[front..]);
    let swapped = || a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    match (a, b) {
        ([], []) => false,
        ([_, a_rest @ ..], [_, b_rest @ ..]) => a_rest == b || a == b_rest || a_rest == b_rest || swapped(),
        ([_], []) | ([], [_]) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
