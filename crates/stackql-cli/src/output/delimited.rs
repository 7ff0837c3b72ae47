//! `csv`, `text` and `pptext`: one line a row, values with something between them. Rows are written as they come.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::{RowWriter, Style, value};

pub(super) struct Delimited {
    schema: SchemaRef,
    layout: Layout,
    /// The header line is still to be written.
    header_due: bool,
    terminal: bool,
}

#[derive(Clone, Copy)]
enum Layout {
    /// RFC 4180, with this between values.
    Csv(char),
    /// Values joined by commas as they are.
    Text,
    /// As text, with JSON values spread over lines.
    PrettyText,
}

impl Delimited {
    pub(super) fn csv(schema: SchemaRef, style: &Style) -> Self {
        Self::new(schema, Layout::Csv(style.delimiter), style)
    }

    pub(super) fn text(schema: SchemaRef, style: &Style) -> Self {
        Self::new(schema, Layout::Text, style)
    }

    pub(super) fn pretty_text(schema: SchemaRef, style: &Style) -> Self {
        Self::new(schema, Layout::PrettyText, style)
    }

    fn new(schema: SchemaRef, layout: Layout, style: &Style) -> Self {
        let header_due = !style.hide_headers && !schema.fields().is_empty();
        Self { schema, layout, header_due, terminal: style.terminal }
    }

    fn header(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if !std::mem::take(&mut self.header_due) {
            return Ok(());
        }
        let names = self.schema.fields().iter().map(|f| f.name().clone()).collect();
        self.line(names, out)
    }

    fn line(&self, values: Vec<String>, out: &mut dyn io::Write) -> io::Result<()> {
        let between = match self.layout {
            Layout::Csv(delimiter) => delimiter,
            Layout::Text | Layout::PrettyText => ',',
        };
        let mut line = String::new();
        for (i, text) in values.iter().enumerate() {
            if i > 0 {
                line.push(between);
            }
            match self.layout {
                Layout::Csv(delimiter) if text.contains([delimiter, '"', '\n', '\r']) => {
                    line.push('"');
                    line.push_str(&text.replace('"', "\"\""));
                    line.push('"');
                }
                _ => line.push_str(text),
            }
        }
        line.push('\n');
        let line = if self.terminal { value::for_terminal(&line) } else { line.into() };
        out.write_all(line.as_bytes())
    }
}

impl RowWriter for Delimited {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        self.header(out)?;
        for row in 0..rows.num_rows() {
            let cell = |column: usize| {
                let text = value::text(rows.column(column).as_ref(), row);
                match self.layout {
                    Layout::PrettyText => pretty(&text).unwrap_or(text),
                    Layout::Csv(_) | Layout::Text => text,
                }
            };
            self.line((0..rows.num_columns()).map(cell).collect(), out)?;
        }
        out.flush()
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.header(out)?;
        out.flush()
    }
}

/// The text spread over lines if it is a JSON object or list.
fn pretty(text: &str) -> Option<String> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&json).ok()
}
