//! Ordering of rows and messages of a run. Both are written immediately, or buffered until all statements have run, as
//! the Go program does, so that the HTTP log precedes them.

use std::io::{self, Write};

use crate::exit::print_stderr;

/// The two output streams of a run.
pub(crate) struct OrderedOutput {
    rows: Box<dyn Write>,
    buffered: Option<Vec<OutputChunk>>,
}

/// A piece of buffered output.
enum OutputChunk {
    Rows(Vec<u8>),
    Message(String),
}

impl OrderedOutput {
    /// Writes rows to `rows` and messages to standard error.
    pub(crate) fn new(rows: Box<dyn Write>) -> Self {
        Self { rows, buffered: None }
    }

    /// Buffers all output from now on, until [`Self::flush_buffered`].
    pub(crate) fn start_buffering(&mut self) {
        self.buffered.get_or_insert_default();
    }

    /// Writes the buffered output in order and stops buffering.
    pub(crate) fn flush_buffered(&mut self) -> io::Result<()> {
        for piece in self.buffered.take().unwrap_or_default() {
            match piece {
                OutputChunk::Rows(bytes) => {
                    self.rows.write_all(&bytes)?;
                    self.rows.flush()?;
                }
                OutputChunk::Message(text) => print_stderr(&text),
            }
        }
        Ok(())
    }

    /// Writes a message, ordered after the preceding rows.
    pub(crate) fn message(&mut self, text: &str) {
        match &mut self.buffered {
            Some(held) => held.push(OutputChunk::Message(text.to_owned())),
            None => print_stderr(text),
        }
    }
}

impl Write for OrderedOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.buffered {
            None => return self.rows.write(bytes),
            Some(held) => match held.last_mut() {
                Some(OutputChunk::Rows(rows)) => rows.extend_from_slice(bytes),
                _ => held.push(OutputChunk::Rows(bytes.to_vec())),
            },
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.buffered {
            None => self.rows.flush(),
            Some(_) => Ok(()),
        }
    }
}
