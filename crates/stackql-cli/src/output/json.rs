//! `json` and `jsonl`: rows as JSON objects with typed values, or with string values in compatibility mode.

use std::io;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::{OutputOptions, RowWriter, value};

/// One array of objects, without a trailing newline unless the output is a terminal.
pub(super) struct JsonArray {
    objects: Objects,
    compat: bool,
    started: bool,
}

/// One object per line (JSON Lines).
pub(super) struct JsonLines {
    objects: Objects,
}

struct Objects {
    /// The members of each object, in order.
    members: Vec<Member>,
    compat: bool,
    terminal: bool,
    line: String,
}

struct Member {
    column: usize,
    /// The key as a JSON string, followed by a colon.
    key: String,
    holds_json: bool,
}

impl JsonArray {
    pub(super) fn new(schema: SchemaRef, style: &OutputOptions) -> Self {
        Self { objects: Objects::new(&schema, style), compat: style.compat, started: false }
    }
}

impl RowWriter for JsonArray {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        for row in 0..rows.num_rows() {
            out.write_all(if self.started { b"," } else { b"[" })?;
            self.started = true;
            out.write_all(self.objects.object(rows, row).as_bytes())?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        match (self.started, self.compat) {
            (true, _) => out.write_all(b"]"),
            (false, true) => out.write_all(b"null"),
            (false, false) => out.write_all(b"[]"),
        }?;
        // Programs parse consecutive arrays; on a terminal, the prompt must start on a new line.
        if self.objects.terminal { out.write_all(b"\n") } else { Ok(()) }
    }
}

impl JsonLines {
    pub(super) fn new(schema: SchemaRef, style: &OutputOptions) -> Self {
        Self { objects: Objects::new(&schema, style) }
    }
}

impl RowWriter for JsonLines {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        for row in 0..rows.num_rows() {
            out.write_all(self.objects.object(rows, row).as_bytes())?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        out.flush()
    }
}

impl Objects {
    fn new(schema: &Schema, style: &OutputOptions) -> Self {
        let keys = value::keys(schema).into_iter().enumerate();
        let mut keys: Vec<(usize, String)> = keys.collect();
        if style.compat {
            keys.sort_by(|(_, a), (_, b)| a.cmp(b));
        }
        let member = |(column, name): (usize, String)| {
            let mut key = String::new();
            value::write_string(&mut key, &name);
            key.push(':');
            Member { column, key, holds_json: value::holds_json(schema.field(column)) }
        };
        let members = keys.into_iter().map(member).collect();
        Self { members, compat: style.compat, terminal: style.terminal, line: String::new() }
    }

    fn object(&mut self, rows: &RecordBatch, row: usize) -> &str {
        self.line.clear();
        self.line.push('{');
        for (i, member) in self.members.iter().enumerate() {
            if i > 0 {
                self.line.push(',');
            }
            self.line.push_str(&member.key);
            let array = rows.column(member.column).as_ref();
            if self.compat {
                value::write_string(&mut self.line, &value::database_text(array, row));
            } else {
                value::write_json(&mut self.line, array, row, member.holds_json);
            }
        }
        self.line.push('}');
        if self.terminal {
            self.line = value::json_for_terminal(&self.line).into_owned();
        }
        &self.line
    }
}
