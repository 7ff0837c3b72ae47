//! `markdown`: a Markdown table. Rows are written as they arrive; a blank line ends the table.

use std::io;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::{RowWriter, value};

pub(super) struct Markdown {
    schema: SchemaRef,
    started: bool,
}

impl Markdown {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, started: false }
    }

    fn header(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        let fields = self.schema.fields();
        line(out, fields.iter().map(|field| cell(field.name())))?;
        line(out, fields.iter().map(|field| if is_number(field.data_type()) { "---:" } else { "---" }.to_owned()))
    }
}

impl RowWriter for Markdown {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        if rows.num_columns() == 0 {
            return Ok(());
        }
        self.header(out)?;
        for row in 0..rows.num_rows() {
            line(out, rows.columns().iter().map(|column| cell(&value::text(column.as_ref(), row))))?;
        }
        out.flush()
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.schema.fields().is_empty() {
            return Ok(());
        }
        self.header(out)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

fn line(out: &mut dyn io::Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    let cells: String = cells.map(|cell| format!(" {cell} |")).collect();
    writeln!(out, "|{cells}")
}

/// Escapes a text, so that it is displayed literally instead of as markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in value::for_terminal(text).trim_end().chars() {
        match c {
            '\n' => cell.push_str("<br>"),
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            '\\' | '|' | '*' | '`' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
    }
    cell
}

fn is_number(of: &DataType) -> bool {
    of.is_numeric()
}
