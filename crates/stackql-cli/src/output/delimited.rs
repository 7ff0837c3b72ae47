//! `csv`, `text` and `pptext`: one line per row with delimited values. Rows are written as they arrive.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::{OutputOptions, RowWriter, value};

/// Bytes after which buffered lines are written.
const MOST: usize = 64 << 10;

pub(super) struct Delimited {
    schema: SchemaRef,
    layout: Layout,
    /// Whether the header line is still to be written.
    header_due: bool,
    terminal: bool,
}

#[derive(Clone, Copy)]
enum Layout {
    /// RFC 4180, with this delimiter.
    Csv(char),
    /// Values joined by commas, without quoting.
    Text,
    /// As `Text`, with JSON values pretty-printed.
    PrettyText,
}

impl Delimited {
    pub(super) fn csv(schema: SchemaRef, style: &OutputOptions) -> Self {
        Self::new(schema, Layout::Csv(style.delimiter), style)
    }

    pub(super) fn text(schema: SchemaRef, style: &OutputOptions) -> Self {
        Self::new(schema, Layout::Text, style)
    }

    pub(super) fn pretty_text(schema: SchemaRef, style: &OutputOptions) -> Self {
        Self::new(schema, Layout::PrettyText, style)
    }

    fn new(schema: SchemaRef, layout: Layout, style: &OutputOptions) -> Self {
        let header_due = !style.hide_headers && !schema.fields().is_empty();
        Self { schema, layout, header_due, terminal: style.terminal }
    }

    fn header(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if !std::mem::take(&mut self.header_due) {
            return Ok(());
        }
        let mut line = String::new();
        for (i, field) in self.schema.fields().iter().enumerate() {
            self.cell(&mut line, i, field.name());
        }
        line.push('\n');
        self.write(&line, out)
    }

    /// Appends a value, with its delimiter, to a line.
    fn cell(&self, line: &mut String, column: usize, text: &str) {
        if column > 0 {
            line.push(match self.layout {
                Layout::Csv(delimiter) => delimiter,
                Layout::Text | Layout::PrettyText => ',',
            });
        }
        match self.layout {
            Layout::Csv(delimiter) if is_quoted(text, delimiter) => {
                line.push('"');
                for (i, part) in text.split('"').enumerate() {
                    line.extend([if i > 0 { "\"\"" } else { "" }, part]);
                }
                line.push('"');
            }
            Layout::PrettyText => match pretty(text) {
                Some(pretty) => line.push_str(&pretty),
                None => line.push_str(text),
            },
            Layout::Csv(_) | Layout::Text => line.push_str(text),
        }
    }

    fn write(&self, lines: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let lines = if self.terminal { value::for_terminal(lines) } else { lines.into() };
        out.write_all(lines.as_bytes())
    }
}

impl RowWriter for Delimited {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        self.header(out)?;
        let (mut lines, mut text) = (String::new(), String::new());
        for row in 0..rows.num_rows() {
            for (column, array) in rows.columns().iter().enumerate() {
                text.clear();
                value::write_text(&mut text, array.as_ref(), row);
                self.cell(&mut lines, column, &text);
            }
            lines.push('\n');
            if lines.len() >= MOST {
                self.write(&lines, out)?;
                lines.clear();
            }
        }
        self.write(&lines, out)?;
        out.flush()
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.header(out)?;
        out.flush()
    }
}

/// Whether a value must be quoted in CSV.
fn is_quoted(text: &str, delimiter: char) -> bool {
    let is_special = |byte: u8| matches!(byte, b'"' | b'\n' | b'\r');
    match u8::try_from(delimiter).ok().filter(u8::is_ascii) {
        Some(delimiter) => text.bytes().any(|byte| byte == delimiter || is_special(byte)),
        None => text.contains(delimiter) || text.bytes().any(is_special),
    }
}

/// Pretty-prints a text that is a JSON object or array; `None` for others.
fn pretty(text: &str) -> Option<String> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&json).ok()
}
