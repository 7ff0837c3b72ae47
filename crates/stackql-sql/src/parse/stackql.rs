//! StackQL's own statements: SHOW, DESCRIBE, EXEC, PURGE, USE, SET, SLEEP.

use sqlparser::ast::Value;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::StatementParser;
use super::standard::object_name;
use crate::{Exec, Literal, ObjectName, Show, ShowFilter, ShowKind, Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn show(&mut self) -> Result<Show, SyntaxError> {
        self.parser.next_token();
        let extended = self.word("EXTENDED");
        let kind = self.show_kind()?;
        let filter = if self.word("LIKE") {
            Some(ShowFilter::Like(self.parser.parse_literal_string().map_err(|e| self.parser_error(e))?))
        } else if self.word("WHERE") {
            let condition = self.parser.parse_expr().map_err(|e| self.parser_error(e))?;
            Some(ShowFilter::Where(Box::new(condition)))
        } else {
            None
        };
        Ok(Show { kind, extended, filter })
    }

    fn show_kind(&mut self) -> Result<ShowKind, SyntaxError> {
        if self.word("PROVIDERS") {
            return Ok(ShowKind::Providers);
        }
        if self.word("SERVICES") {
            let [provider] = self.name_in("IN provider")?;
            return Ok(ShowKind::Services { provider });
        }
        if self.word("RESOURCES") {
            let [provider, service] = self.name_in("IN provider.service")?;
            return Ok(ShowKind::Resources { provider, service });
        }
        if self.word("METHODS") {
            if !self.word("IN") && !self.word("FROM") {
                return Err(self.expected("IN provider.service.resource"));
            }
            return Ok(ShowKind::Methods { table: self.name()? });
        }
        if self.word("INSERT") {
            if !self.word("INTO") {
                return Err(self.expected("INTO and a table"));
            }
            return Ok(ShowKind::InsertInto { table: self.name()? });
        }
        if self.word("VERSION") {
            return Ok(ShowKind::Version);
        }
        if self.word("AUTH") {
            let names_one = matches!(&self.parser.peek_token().token,
                Token::Word(w) if w.quote_style.is_some() || !matches!(w.keyword, Keyword::LIKE | Keyword::WHERE));
            let provider = if names_one { Some(self.name_of("the name of a provider")?) } else { None };
            return Ok(ShowKind::Auth { provider: provider.map(|[provider]| provider) });
        }
        let mut words = Vec::new();
        while let Token::Word(word) = self.parser.peek_token().token {
            if words.len() > 3 {
                break;
            }
            words.push(word.value);
            self.parser.next_token();
        }
        if words.is_empty() {
            return Err(self.expected("PROVIDERS, SERVICES, RESOURCES, METHODS, INSERT INTO, VERSION or a setting"));
        }
        Ok(ShowKind::Setting(words.join(" ")))
    }

    /// Parses `IN` or `FROM` and a name of exactly `N` parts. `form` describes the syntax in the error message.
    fn name_in<const N: usize>(&mut self, form: &str) -> Result<[String; N], SyntaxError> {
        if !self.word("IN") && !self.word("FROM") {
            return Err(self.expected(form));
        }
        self.name_of(form)
    }

    /// Parses a name of exactly `N` parts. `form` describes the syntax in the error message.
    pub(super) fn name_of<const N: usize>(&mut self, form: &str) -> Result<[String; N], SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let parts = self.name()?.0;
        parts.try_into().map_err(|_| self.error_at(start, format!("expected {form}")))
    }

    /// Parses the name of a method, with or without the provider.
    fn method(&mut self) -> Result<ObjectName, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let name = self.name()?;
        match name.0.len() {
            3 | 4 => Ok(name),
            _ => Err(self.error_at(start, "expected provider.service.resource.method")),
        }
    }

    fn name(&mut self) -> Result<ObjectName, SyntaxError> {
        match self.parser.peek_token().token {
            Token::Word(_) => {
                let name = self.parser.parse_object_name(false).map_err(|e| self.parser_error(e))?;
                Ok(object_name(&name))
            }
            _ => Err(self.expected("a name")),
        }
    }

    pub(super) fn describe(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let mut extended = self.word("EXTENDED");
        // METHOD is a keyword only if a word follows it: a table may be named `method`.
        let next = self.parser.peek_nth_token(1).token;
        if matches!(next, Token::Word(_)) && self.word("METHOD") {
            extended |= self.word("EXTENDED");
            return Ok(Statement::DescribeMethod { method: self.method()?, extended });
        }
        Ok(Statement::Describe { table: self.name()?, extended })
    }

    pub(super) fn exec(&mut self) -> Result<Exec, SyntaxError> {
        self.parser.next_token();
        let mut exec = Exec { method: self.method()?, arguments: Vec::new(), json: None, hints: self.hints };
        loop {
            let next = self.parser.peek_token();
            match next.token {
                Token::AtSign => {
                    self.parser.next_token();
                    let name = self.argument_name()?;
                    if exec.arguments.iter().any(|(n, _)| *n == name) {
                        return Err(self.error_at(next.span.start, format!("@{name} is given twice")));
                    }
                    let value = self.literal(&name)?;
                    exec.arguments.push((name, value));
                }
                Token::AtAt => {
                    self.parser.next_token();
                    let name = self.argument_name()?;
                    if !name.eq_ignore_ascii_case("json") || exec.json.is_some() {
                        return Err(self.error_at(next.span.start, "expected one @@json = '…'"));
                    }
                    match self.literal(&name)? {
                        Literal::Text(json) => exec.json = Some(json),
                        _ => return Err(self.error_at(next.span.start, "@@json takes JSON in quotes")),
                    }
                }
                // In an exec table `(EXEC …)`, the closing parenthesis ends the arguments.
                Token::EOF | Token::SemiColon | Token::RParen => return Ok(exec),
                _ => return Err(self.expected("@argument = value")),
            }
            let comma = self.parser.consume_token(&Token::Comma);
            if comma && !matches!(self.parser.peek_token().token, Token::AtSign | Token::AtAt) {
                return Err(self.expected("@argument = value"));
            }
        }
    }

    /// Parses the name after `@`, and the `=` after the name.
    fn argument_name(&mut self) -> Result<String, SyntaxError> {
        if !matches!(self.parser.peek_token().token, Token::Word(_)) {
            return Err(self.expected("the argument's name"));
        }
        let name = self.parser.parse_identifier().map_err(|e| self.parser_error(e))?.value;
        if !self.parser.consume_token(&Token::Eq) {
            return Err(self.expected(&format!("= and the value of @{name}")));
        }
        Ok(name)
    }

    fn literal(&mut self, name: &str) -> Result<Literal, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let negative = self.parser.consume_token(&Token::Minus);
        let refused = || format!("expected the value of @{name}: text in quotes, a number, TRUE, FALSE or NULL");
        let value = match self.parser.parse_value() {
            Ok(value) => value.value,
            Err(_) => return Err(self.error_at(start, refused())),
        };
        let literal = match value {
            Value::Number(digits, _) => {
                let digits = if negative { format!("-{digits}") } else { digits };
                match (digits.parse(), digits.parse()) {
                    (Ok(n), _) => Literal::Integer(n),
                    (_, Ok(n)) => Literal::Number(n),
                    _ => return Err(self.error_at(start, refused())),
                }
            }
            _ if negative => return Err(self.error_at(start, refused())),
            Value::Null => Literal::Null,
            Value::Boolean(b) => Literal::Boolean(b),
            other => match other.into_string() {
                Some(text) => Literal::Text(text),
                None => return Err(self.error_at(start, refused())),
            },
        };
        Ok(literal)
    }

    pub(super) fn purge(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let kind = match self.parser.peek_token().token {
            Token::Word(_) => Some(self.name_of("the kind of what is dropped")?),
            _ => None,
        };
        Ok(Statement::Purge(kind.map(|[kind]| kind)))
    }

    pub(super) fn setting(&mut self, keyword: &str) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        match keyword {
            "USE" => self.name_of::<1>("the name of a provider").map(|[provider]| Statement::Use(provider)),
            "SLEEP" => {
                let text = match self.parser.peek_token().token {
                    Token::Number(digits, _) => digits,
                    _ => String::new(),
                };
                let milliseconds = text.parse().map_err(|_| self.expected("a whole number of milliseconds"))?;
                self.parser.next_token();
                Ok(Statement::Sleep(milliseconds))
            }
            _ => {
                let _ = self.word("SESSION") || self.word("LOCAL");
                let name = self.name()?.to_string();
                if !self.parser.consume_token(&Token::Eq) && !self.word("TO") {
                    return Err(self.expected("= and a value"));
                }
                Ok(Statement::Set { name, value: self.setting_value()? })
            }
        }
    }

    /// Parses the value of SET: one literal or word, or several separated by commas, which are joined into one text.
    fn setting_value(&mut self) -> Result<String, SyntaxError> {
        let mut values = Vec::new();
        loop {
            let negative = self.parser.consume_token(&Token::Minus);
            let value = match self.parser.peek_token().token {
                Token::Word(word) => word.value,
                Token::Number(digits, _) if negative => format!("-{digits}"),
                Token::Number(digits, _) => digits,
                Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text,
                _ => return Err(self.expected("a value")),
            };
            self.parser.next_token();
            values.push(value);
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(values.join(", "));
            }
        }
    }
}
