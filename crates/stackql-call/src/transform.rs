//! [`Transform`]: a template that converts a response to JSON before rows are decoded from it, or renders the body of a
//! request. Owns the template types, their limits and their errors; it depends on neither methods nor tables, and does no IO.
//!
//! The language is Go's `text/template`. A template has access to its input and the functions of its type, nothing else.

use std::fmt::{self, Write};
use std::sync::Arc;

use gotmpl::{Template, TemplateError, Value};
use thiserror::Error;

mod block_check;
mod braces;
mod compare;
mod element;
mod functions;
pub(crate) mod graphql;
mod graphql_literal;
mod kind;
pub(crate) mod meter;
mod printf;
mod program;
mod value;
mod xpath;

use crate::response::json_stream;
use braces::Braces;
use element::Element;
use graphql::ContextualEscaper;
use graphql::LexicalContext;
use kind::{InputFormat, Version};
use meter::TransformLimit;
use meter::{Budget, MAX_BODY, MAX_TEMPLATE, Meter};
use program::{MAIN, Place, Printing, Program, TemplateRejected};

/// A compiled template that converts a response to JSON.
///
/// ```
/// use stackql_call::Transform;
///
/// let body = r#"{"rows": [{{range $i, $name := .names}}{{if $i}}, {{end}}{"name": {{toJson $name}}}{{end}}]}"#;
/// let transform = Transform::compile("golang_template_json_v0.3.0", body)?;
/// let answer = transform.apply(br#"{"names": ["a", "b"]}"#)?;
/// assert_eq!(answer.to_string(), r#"{"rows":[{"name":"a"},{"name":"b"}]}"#);
/// # Ok::<(), stackql_call::TransformError>(())
/// ```
#[derive(Debug)]
pub struct Transform {
    reading: InputFormat,
    version: Version,
    source: String,
    braces: Braces,
    program: Program,
}

/// Why a template cannot be compiled, or fails for its input.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TransformError {
    /// The definition names a template type that does not exist.
    #[error("unsupported template type: {0}")]
    UnsupportedType(String),
    /// The template is longer than the limit.
    #[error("the template has {bytes} bytes; at most {limit} are read")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The template has a syntax error, or uses a function or variable that its type does not have.
    #[error("the template cannot be read at line {line}, column {column}: {reason}")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The input is not of the format that the template's type takes, or is too large.
    #[error("the answer cannot be read as {format} at byte {at}: {reason}")]
    Answer {
        /// The format that the type takes.
        format: &'static str,
        /// The byte position in the input.
        at: u64,
        /// What is wrong.
        reason: String,
    },
    /// The template fails while it runs on this input.
    #[error("the template fails at line {line}, column {column}: {reason}")]
    Failed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The template exceeded a limit on work, output or depth.
    #[error("the template was stopped at line {line}, column {column}: {limit}")]
    Stopped {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The limit.
        limit: TransformLimit,
    },
    /// The output of the template is not JSON.
    #[error("the template wrote no JSON: line {line}, column {column} of its output, near '{near}': {reason}")]
    Output {
        /// The line of the output, from 1.
        line: usize,
        /// The column of the output, from 1.
        column: usize,
        /// The output around that position.
        near: String,
        /// What is wrong.
        reason: String,
    },
}

impl Transform {
    /// Compiles a template of the type `kind`, such as `golang_template_json_v0.3.0`.
    ///
    /// # Errors
    ///
    /// [`TransformError::UnsupportedType`], [`TransformError::TooLong`] or [`TransformError::Unreadable`].
    pub fn compile(kind: &str, body: &str) -> Result<Self, TransformError> {
        let Some((reading, version)) = kind::kind(kind) else {
            return Err(TransformError::UnsupportedType(kind.to_owned()));
        };
        Self::read_by((reading, version, Printing::Go), body, |_| Ok(())).map(|(transform, ())| transform)
    }

    /// Compiles a script: a template over JSON that prints lists and maps as JSON, not as Go does.
    ///
    /// # Errors
    ///
    /// [`TransformError::TooLong`] or [`TransformError::Unreadable`].
    pub fn script(body: &str) -> Result<Self, TransformError> {
        Self::read_by((InputFormat::Json, Version::V0_3, Printing::Json), body, |_| Ok(())).map(|(script, ())| script)
    }

    /// Compiles a template that writes GraphQL from a JSON object, beginning in the lexical context `within`. An inserted
    /// value stays one string or one value. Only the field `fragment` is GraphQL itself; the second result is the context
    /// in which the template inserts it.
    pub(crate) fn graphql(
        body: &str,
        within: LexicalContext,
        fragment: Option<&str>,
    ) -> Result<(Self, Option<LexicalContext>), TransformError> {
        Self::read_by((InputFormat::Json, Version::V0_3, Printing::Go), body, |program| {
            program.main().map_or(Ok(None), |main| ContextualEscaper::for_fragment(main, within, fragment))
        })
    }

    fn read_by<T>(
        (reading, version, printing): (InputFormat, Version, Printing),
        body: &str,
        then: impl FnOnce(&mut Program) -> Result<T, TemplateRejected>,
    ) -> Result<(Self, T), TransformError> {
        if body.len() > MAX_TEMPLATE {
            return Err(TransformError::TooLong { bytes: body.len(), limit: MAX_TEMPLATE });
        }
        let braces = Braces::rewrite(body);
        let known = |name: &str| functions::is_known(version, name);
        let parsed = Program::parse(&braces.text, printing, &known).and_then(|mut program| {
            block_check::paired(&braces.text)?;
            let found = then(&mut program)?;
            Ok((program, found))
        });
        let (program, found) = parsed.map_err(|refused| {
            let offset = match refused.at {
                Place::Offset(offset) => offset,
                Place::LineColumn(line, column) => offset(&braces.text, line, column),
            };
            let (line, column) = line_and_column(body, braces.source_offset(offset));
            TransformError::Unreadable { line, column, reason: short(&refused.reason) }
        })?;
        Ok((Self { reading, version, source: body.to_owned(), braces, program }, found))
    }

    /// Whether the input is plain text.
    pub(crate) fn takes_text(&self) -> bool {
        matches!(self.reading, InputFormat::Text | InputFormat::JsonOrText)
    }

    /// Whether the input is XML.
    pub(crate) fn takes_xml(&self) -> bool {
        matches!(self.reading, InputFormat::Xml)
    }

    /// Runs the template on a response body and parses its output as JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::render`]; also [`TransformError::Output`] if the output is not JSON.
    pub fn apply(&self, body: &[u8]) -> Result<serde_json::Value, TransformError> {
        let output = self.render(body)?;
        serde_json::from_str(&output).map_err(|error| {
            let line = output.lines().nth(error.line().saturating_sub(1)).unwrap_or("");
            let near = line.get(line.floor_char_boundary(error.column().saturating_sub(20))..).unwrap_or("");
            TransformError::Output {
                line: error.line().max(1),
                column: error.column().max(1),
                near: near.chars().take(40).collect(),
                reason: json_stream::without_place(&error),
            }
        })
    }

    /// Runs the template on a body and returns its output unparsed.
    ///
    /// # Errors
    ///
    /// - [`TransformError::Answer`]: the body is not of the format that the type takes, or is larger than 64 MiB.
    /// - [`TransformError::Failed`]: the template fails.
    /// - [`TransformError::Stopped`]: the template exceeds a limit.
    pub fn render(&self, body: &[u8]) -> Result<String, TransformError> {
        self.run(self.read(body)?, Budget::for_body(body.len()))
    }

    fn read(&self, body: &[u8]) -> Result<Value, TransformError> {
        let answer = |format, at, reason: String| TransformError::Answer { format, at, reason: short(&reason) };
        if body.len() > MAX_BODY {
            let reason = format!("it has {} bytes, of which at most {MAX_BODY} are read", body.len());
            return Err(answer("a document in memory", 0, reason));
        }
        let read = || serde_json::from_slice(body).map(value::from_json);
        let text = || Value::String(String::from_utf8_lossy(body).into());
        match self.reading {
            InputFormat::Text => Ok(text()),
            InputFormat::JsonOrText => Ok(read().unwrap_or_else(|_| text())),
            InputFormat::Json => read()
                .map_err(|error| answer("JSON", json_stream::byte(body, &error), json_stream::without_place(&error))),
            InputFormat::Xml => {
                let text = std::str::from_utf8(body)
                    .map_err(|error| answer("XML", error.valid_up_to() as u64, "not UTF-8 text".to_owned()))?;
                let text = text.trim_start_matches('\u{feff}');
                match Element::document(text) {
                    Ok(document) => Ok(document.to_map()),
                    Err(broken) => Err(answer("XML", broken.at, broken.reason)),
                }
            }
        }
    }

    fn run(&self, answer: Value, allowance: Budget) -> Result<String, TransformError> {
        let meter = Arc::new(Meter::new(allowance));
        let mut template = Template::new(MAIN).funcs(functions::functions(self.version, &meter));
        for (name, body) in &self.program.templates {
            template = template.add_parse_tree(name, body.clone());
        }
        let mut output = Output { text: String::new(), meter: &meter, limit: allowance.output };
        let Err(error) = template.execute_template_fmt(&mut output, MAIN, &answer) else { return Ok(output.text) };
        let (line, column) = line_and_column(&self.source, self.braces.source_offset(meter.at()));
        let limit = match error {
            TemplateError::RecursionLimit => Some(TransformLimit::Depth),
            TemplateError::RangeIterLimit => Some(TransformLimit::Work),
            _ => meter.stopped(),
        };
        Err(match limit {
            Some(limit) => TransformError::Stopped { line, column, limit },
            None => {
                let reason = match error {
                    TemplateError::Exec(reason) => reason,
                    other => other.to_string(),
                };
                TransformError::Failed { line, column, reason: short(&reason) }
            }
        })
    }
}

/// The writer for the output of a template, with its limit.
struct Output<'a> {
    text: String,
    meter: &'a Meter,
    limit: usize,
}

impl Write for Output<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.meter.spend(piece.len()).map_err(|_| fmt::Error)?;
        if self.text.len() + piece.len() > self.limit {
            self.meter.stop(TransformLimit::Output);
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

/// The line and column, both from 1, of a byte offset.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(offset)).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The byte offset of a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

/// A reason, which may quote the input, cut to 300 characters.
fn short(reason: &str) -> String {
    const LONGEST: usize = 300;
    match reason.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &reason[..at]),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
