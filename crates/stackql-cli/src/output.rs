//! Output formats and their selection. Each format is a submodule that writes record batches to any `io::Write`.

mod arrow_stream;
mod ascii_table;
mod delimited;
pub(crate) mod go_layout;
mod interval;
mod json;
mod markdown;
pub(crate) mod output_buffer;
mod parquet_file;
pub(crate) mod progress;
pub(crate) mod result_writer;
mod terminal_table;
pub(crate) mod value;

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

/// An output format, the value of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Csv,
    Text,
    Pptext,
    Json,
    Jsonl,
    Markdown,
    Arrow,
    Parquet,
}

/// Options of an output format.
#[derive(Debug, Clone)]
pub(crate) struct OutputOptions {
    pub(crate) format: Format,
    /// Omit the header line (csv, text, pptext).
    pub(crate) hide_headers: bool,
    /// Field delimiter of CSV.
    pub(crate) delimiter: char,
    /// Format JSON like the Go program.
    pub(crate) compat: bool,
    /// The output is a terminal: control characters are escaped, and tables fit its width.
    pub(crate) terminal: bool,
}

/// Writes one result. Batches are passed in order, followed by one call of [`Self::finish`], also if the rows ended
/// with an error.
pub(crate) trait RowWriter {
    /// Writes rows; formats that need all rows first buffer them.
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()>;

    /// Writes the buffered rows and the end of the result.
    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()>;
}

impl Format {
    /// All formats by name; `jsonl` has a synonym.
    const NAMED: [(&str, Self); 10] = [
        ("table", Self::Table),
        ("csv", Self::Csv),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("ndjson", Self::Jsonl),
        ("text", Self::Text),
        ("pptext", Self::Pptext),
        ("markdown", Self::Markdown),
        ("arrow", Self::Arrow),
        ("parquet", Self::Parquet),
    ];

    /// The names of all formats.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().map(|(name, _)| name)
    }

    /// The format of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }
}

impl OutputOptions {
    /// Creates the writer for one result with these columns.
    pub(crate) fn writer(&self, schema: SchemaRef) -> Box<dyn RowWriter> {
        match self.format {
            Format::Table if self.terminal => {
                // Read for each result, because the window may have been resized in between.
                let width = crossterm::terminal::size().ok().map(|(columns, _)| columns).filter(|columns| *columns > 0);
                Box::new(terminal_table::TerminalTable::new(schema, width))
            }
            Format::Table => Box::new(ascii_table::AsciiTable::new(schema)),
            Format::Csv => Box::new(delimited::Delimited::csv(schema, self)),
            Format::Text => Box::new(delimited::Delimited::text(schema, self)),
            Format::Pptext => Box::new(delimited::Delimited::pretty_text(schema, self)),
            Format::Json => Box::new(json::JsonArray::new(schema, self)),
            Format::Jsonl => Box::new(json::JsonLines::new(schema, self)),
            Format::Markdown => Box::new(markdown::Markdown::new(schema)),
            Format::Arrow => Box::new(arrow_stream::ArrowStream::new(schema)),
            Format::Parquet => Box::new(parquet_file::ParquetFile::new(schema)),
        }
    }
}

/// The column names and values of the first row as text; empty if there are no rows.
pub(crate) fn first_row(rows: &RecordBatch) -> Vec<(String, String)> {
    if rows.num_rows() == 0 {
        return Vec::new();
    }
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns());
    columns.map(|(field, array)| (field.name().clone(), value::text(array.as_ref(), 0))).collect()
}

#[cfg(test)]
mod tests;
