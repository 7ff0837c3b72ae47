//! `table` on a person's terminal: fits its width, numbers to the right, NULL dimmed.

use std::io;

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};

use super::{RowWriter, value};

pub(super) struct TerminalTable {
    table: Table,
    columns: usize,
    rows: usize,
}

impl TerminalTable {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        let heading = |name: &String| Cell::new(value::for_terminal(name)).add_attribute(Attribute::Bold);
        table.set_header(schema.fields().iter().map(|f| heading(f.name())));
        Self { table, columns: schema.fields().len(), rows: 0 }
    }
}

impl RowWriter for TerminalTable {
    fn batch(&mut self, rows: &RecordBatch, _: &mut dyn io::Write) -> io::Result<()> {
        for row in 0..rows.num_rows() {
            self.table.add_row(rows.columns().iter().map(|c| cell(c.as_ref(), row)));
        }
        self.rows += rows.num_rows();
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.columns == 0 {
            return Ok(());
        }
        let rows = if self.rows == 1 { "row" } else { "rows" };
        writeln!(out, "{}\n({} {rows})", self.table, self.rows)
    }
}

fn cell(array: &dyn Array, row: usize) -> Cell {
    let cell = Cell::new(value::for_terminal(&value::text(array, row)));
    if array.is_null(row) {
        return cell.add_attribute(Attribute::Dim);
    }
    if array.data_type().is_numeric() { cell.set_alignment(CellAlignment::Right) } else { cell }
}
