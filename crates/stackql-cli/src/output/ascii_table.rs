//! `table` where nobody watches: the frame that scripts of the Go program read. Widths need all rows, so it keeps
//! them until the end.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use unicode_width::UnicodeWidthStr;

use super::{RowWriter, value};

/// Cells wider than this are broken at blanks, unless their column is as wide for another reason.
const WRAP: usize = 30;

pub(super) struct AsciiTable {
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    /// How wide each column is so far: later cells are set to that.
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

/// Numbers to the right, all else to the left.
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

/// The lines of a cell in a column that is so wide, and wider for the cell if need be: as wide as the text, but for
/// [`WRAP`], or a longer line.
fn set(text: &str, width: &mut usize) -> Cell {
    *width = (*width).max(text.width().min(WRAP));
    let lines = wrap(text, *width);
    *width = lines.iter().map(|line| line.width()).fold(*width, usize::max);
    lines
}

/// Breaks a text at blanks into lines of at most `limit`, or its longest word, so that they are evenly long: the sum of
/// the squares of what each but the last leaves empty is the least possible.
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
