//! `table` when the output is not a terminal: the layout that scripts of the Go program parse. Column widths depend on
//! all rows, so rows are buffered until the end.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use unicode_width::UnicodeWidthStr;

use super::{RowWriter, value};

/// Wider cells are wrapped at blanks, unless another cell has widened the column.
const WRAP: usize = 30;

pub(super) struct AsciiTable {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    /// Width of each column so far; later cells are wrapped to it.
    widths: Vec<usize>,
}

/// The lines of a cell.
type Cell = Vec<String>;

impl AsciiTable {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let mut widths = vec![0; schema.fields().len()];
        let header = schema.fields().iter().zip(&mut widths).map(|(field, width)| set(field.name(), width)).collect();
        Self { header, rows: Vec::new(), widths }
    }
}

impl RowWriter for AsciiTable {
    fn batch(&mut self, rows: &RecordBatch, _: &mut dyn io::Write) -> io::Result<()> {
        for row in 0..rows.num_rows() {
            let cells = rows.columns().iter().zip(&mut self.widths);
            self.rows.push(cells.map(|(column, width)| set(&value::text(column.as_ref(), row), width)).collect());
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.header.is_empty() {
            return Ok(());
        }
        let widths = &self.widths;
        let frame: String = widths.iter().map(|w| format!("|{}", "-".repeat(w + 2))).chain(["|\n".into()]).collect();

        out.write_all(frame.as_bytes())?;
        write_row(out, &self.header, widths, centred)?;
        out.write_all(frame.as_bytes())?;
        for row in &self.rows {
            write_row(out, row, widths, aligned)?;
            out.write_all(frame.as_bytes())?;
        }
        out.flush()
    }
}

fn write_row(
    out: &mut dyn io::Write,
    row: &[Cell],
    widths: &[usize],
    pad: fn(&str, usize) -> String,
) -> io::Result<()> {
    let height = row.iter().map(Vec::len).max().unwrap_or_default();
    for line in 0..height {
        for (cell, width) in row.iter().zip(widths) {
            let text = cell.get(line).map_or("", String::as_str);
            write!(out, "| {} ", pad(text, *width))?;
        }
        out.write_all(b"|\n")?;
    }
    Ok(())
}

fn centred(text: &str, width: usize) -> String {
    let gap = width.saturating_sub(text.width());
    format!("{}{text}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2))
}

/// Aligns numbers to the right and everything else to the left.
fn aligned(text: &str, width: usize) -> String {
    let gap = " ".repeat(width.saturating_sub(text.width()));
    if looks_numeric(text) { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

fn looks_numeric(text: &str) -> bool {
    let text = text.trim();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// Wraps a cell to the width of its column, after widening the column to the text's width, but at most to [`WRAP`] or
/// to the width of the longest line.
fn set(text: &str, width: &mut usize) -> Cell {
    *width = (*width).max(text.width().min(WRAP));
    let lines = wrap(text, *width);
    *width = lines.iter().map(|line| line.width()).fold(*width, usize::max);
    lines
}

/// Wraps a text at blanks to lines of at most `limit`, or the width of its longest word, with minimum raggedness: the
/// sum of the squares of the space left in all lines but the last is minimal.
fn wrap(text: &str, limit: usize) -> Cell {
    if text.width() <= limit && !text.contains('\n') {
        return vec![text.to_owned()];
    }
    let words: Vec<&str> = text.split([' ', '\n']).collect();
    let widths: Vec<usize> = words.iter().map(|w| w.width()).collect();
    let limit = widths.iter().copied().max().unwrap_or_default().max(limit);

    // `best[i]`: the cost of setting the words from `i` on, and where the line after theirs starts.
    let mut best = vec![(0, words.len()); words.len() + 1];
    for i in (0..words.len()).rev() {
        best[i] = (usize::MAX, words.len());
        let mut line = widths[i];
        for next in i + 1..=words.len() {
            if line > limit {
                break;
            }
            let (rest, _) = best[next];
            let cost = if next == words.len() { 0 } else { (limit - line) * (limit - line) + rest };
            if next == words.len() || cost < best[i].0 {
                best[i] = (cost, next);
            }
            line += 1 + widths.get(next).copied().unwrap_or_default();
        }
    }

    let mut lines = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let end = best[start].1;
        lines.push(words[start..end].join(" "));
        start = end;
    }
    lines
}
