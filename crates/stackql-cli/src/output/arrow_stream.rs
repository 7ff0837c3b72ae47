//! `arrow`: Arrow IPC streams, for programs. Several results are written as consecutive streams.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow_ipc::writer::StreamWriter;

use super::RowWriter;

pub(super) struct ArrowStream {
    schema: SchemaRef,
    writer: Option<StreamWriter<Vec<u8>>>,
}

impl ArrowStream {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, writer: None }
    }

    fn write(
        &mut self,
        out: &mut dyn io::Write,
        step: impl FnOnce(&mut StreamWriter<Vec<u8>>) -> Result<(), ArrowError>,
    ) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(StreamWriter::try_new(Vec::new(), &self.schema).map_err(io::Error::other)?),
        };
        step(writer).map_err(io::Error::other)?;
        out.write_all(writer.get_ref())?;
        writer.get_mut().clear();
        out.flush()
    }
}

impl RowWriter for ArrowStream {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        self.write(out, |writer| writer.write(rows))
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.write(out, StreamWriter::finish)
    }
}
