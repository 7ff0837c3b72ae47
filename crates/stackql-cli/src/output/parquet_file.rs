//! `parquet`: an Apache Parquet file, compressed with zstd. Its footer describes the whole file, so a file holds one
//! result. Row groups are written as they fill.

use std::io;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::RowWriter;

/// Bytes of encoded rows that are buffered before they become a row group.
const ROW_GROUP: usize = 64 * 1024 * 1024;

pub(super) struct ParquetFile {
    schema: SchemaRef,
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl ParquetFile {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, writer: None }
    }

    fn write(
        &mut self,
        out: &mut dyn io::Write,
        step: impl FnOnce(&mut ArrowWriter<Vec<u8>>) -> Result<(), ParquetError>,
    ) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let zstd = Compression::ZSTD(Default::default());
                let properties = WriterProperties::builder().set_compression(zstd).build();
                let started = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(&self.schema), Some(properties));
                none.insert(started.map_err(io::Error::other)?)
            }
        };
        step(writer).map_err(io::Error::other)?;
        out.write_all(writer.inner())?;
        writer.inner_mut().clear();
        out.flush()
    }
}

impl RowWriter for ParquetFile {
    fn batch(&mut self, rows: &RecordBatch, out: &mut dyn io::Write) -> io::Result<()> {
        self.write(out, |writer| {
            writer.write(rows)?;
            if writer.in_progress_size() > ROW_GROUP {
                writer.flush()?;
            }
            Ok(())
        })
    }

    fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.write(out, |writer| writer.finish().map(drop))
    }
}
