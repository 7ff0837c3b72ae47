//! How rows are written: the formats and the choice between them. Each format is a module below; none knows where
//! its bytes go.

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

/// An output format, as `-o` names it.
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

/// How a format is to look.
#[derive(Debug, Clone)]
pub(crate) struct OutputOptions {
    pub(crate) format: Format,
    /// Leave the header line out (csv, text, pptext).
    pub(crate) hide_headers: bool,
    /// What stands between values of csv.
    pub(crate) delimiter: char,
    /// Write JSON as the Go program does.
    pub(crate) compat: bool,
    /// The reader is a person's terminal: escapes are shown, not sent, and tables fit its width.
    pub(crate) terminal: bool,
}

/// Writes one result. Batches come in order, then [`Self::finish`] once, also after an error that ended the rows.
pub(crate) trait RowWriter {
    /// Writes rows; a format that must see them all keeps them.
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()>;

    /// Writes what is kept, and the end.
    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()>;
}

impl Format {
    /// All formats by name; one has two.
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
    /// A writer of one result with these columns.
    pub(crate) fn writer(&self, schema: SchemaRef) -> Box<dyn RowWriter> {
        match self.format {
            Format::Table if self.terminal => {
                // Asked for each result: a person may have changed it since the last one.
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

/// The first row, as names and texts.
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
