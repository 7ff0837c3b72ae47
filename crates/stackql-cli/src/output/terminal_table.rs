//! `table` on a terminal: fits its width, aligns numbers to the right and dims NULL. If the columns do not fit the
//! width, rows are written as records with one value per line.

use std::io;

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use nu_ansi_term::Style;
use unicode_width::UnicodeWidthStr;

use super::{RowWriter, value};

/// Width from which on wrapped cells of a column are still readable.
const LEGIBLE: usize = 16;
/// Replacement of a tab, because tab stops are undefined within a cell.
const TAB: &str = "    ";

pub(super) struct TerminalTable {
    /// The terminal's width; `None` if it is unknown, and then all columns are shown side by side.
    width: Option<u16>,
    header: Vec<String>,
    rows: Vec<Vec<TableCell>>,
}

struct TableCell {
    text: String,
    kind: CellKind,
}

#[derive(Clone, Copy, PartialEq)]
enum CellKind {
    Null,
    Number,
    Other,
}

impl TerminalTable {
    pub(super) fn new(schema: SchemaRef, width: Option<u16>) -> Self {
        Self { width, header: schema.fields().iter().map(|f| escape_control(f.name())).collect(), rows: Vec::new() }
    }

    /// Whether all columns fit side by side, each at a readable width.
    fn is_legible(&self) -> bool {
        let Some(width) = self.width else { return true };
        let widest = |c: usize| {
            let lines = self.rows.iter().flat_map(|r| r[c].text.lines()).chain([self.header[c].as_str()]);
            lines.map(UnicodeWidthStr::width).max().unwrap_or_default()
        };
        // Each column adds a border and two blanks; one more border ends the row.
        (0..self.header.len()).map(|c| widest(c).min(LEGIBLE) + 3).sum::<usize>() < usize::from(width)
    }

    fn side_by_side(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .force_no_tty()
            .enforce_styling();
        if let Some(width) = self.width {
            table.set_width(width);
        }
        table.set_header(self.header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        for row in &self.rows {
            table.add_row(row.iter().map(|value| {
                let cell = Cell::new(&value.text);
                match value.kind {
                    CellKind::Null => cell.add_attribute(Attribute::Dim),
                    CellKind::Number => cell.set_alignment(CellAlignment::Right),
                    CellKind::Other => cell,
                }
            }));
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Writes one value per line. Values are not wrapped here, so that they can be copied; the terminal wraps them.
    fn as_records(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let names = self.header.iter().map(|name| name.width()).max().unwrap_or_default();
        let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
        for (number, row) in self.rows.iter().enumerate() {
            let title = format!("─[ {} ]", number + 1);
            let line = "─".repeat(usize::from(self.width.unwrap_or_default()).saturating_sub(title.width()));
            writeln!(out, "{title}{line}")?;
            for (name, value) in self.header.iter().zip(row) {
                let gap = " ".repeat(names - name.width());
                // A name is one line.
                write!(out, "{}{gap} │ ", bold.paint(name))?;
                let text = value.text.replace('\n', &format!("\n{} │ ", " ".repeat(names)));
                match value.kind {
                    CellKind::Null => writeln!(out, "{}", dim.paint(text))?,
                    CellKind::Number | CellKind::Other => writeln!(out, "{text}")?,
                }
            }
        }
        Ok(())
    }
}

impl RowWriter for TerminalTable {
    fn batch(&mut self, rows: &RecordBatch, _: &mut dyn io::Write) -> io::Result<()> {
        let values = |row| rows.columns().iter().map(|c| TableCell::from_array(c.as_ref(), row)).collect();
        self.rows.extend((0..rows.num_rows()).map(values));
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.header.is_empty() {
            return Ok(());
        }
        match self.is_legible() || self.rows.is_empty() {
            true => self.side_by_side(out)?,
            false => self.as_records(out)?,
        }
        let noun = if self.rows.len() == 1 { "row" } else { "rows" };
        writeln!(out, "({} {noun})", self.rows.len())
    }
}

impl TableCell {
    fn from_array(array: &dyn Array, row: usize) -> Self {
        let kind = match array.data_type() {
            _ if array.is_null(row) => CellKind::Null,
            ty if ty.is_numeric() => CellKind::Number,
            _ => CellKind::Other,
        };
        Self { text: escape_control(&value::text(array, row)), kind }
    }
}

fn escape_control(text: &str) -> String {
    value::for_terminal(text).replace('\t', TAB)
}
