//! The order in which rows and messages of a run leave it: as they come, or held back until all statements have run, as the
//! Go program does, so that what is told of calls stands before.

use std::io::{self, Write};

use crate::exit::print_stderr;

/// The two streams of a run.
pub(crate) struct OrderedOutput {
    rows: Box<dyn Write>,
    buffered: Option<Vec<OutputChunk>>,
}

/// What is held back.
enum OutputChunk {
    Rows(Vec<u8>),
    Message(String),
}

impl OrderedOutput {
    /// Rows go there, messages to standard error.
    pub(crate) fn new(rows: Box<dyn Write>) -> Self {
        Self { rows, buffered: None }
    }

    /// From now on everything is held back, until [`Self::release`].
    pub(crate) fn start_buffering(&mut self) {
        self.buffered.get_or_insert_default();
    }

    /// Lets go what was held back, in its order.
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

    /// A message, behind the rows before it.
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
