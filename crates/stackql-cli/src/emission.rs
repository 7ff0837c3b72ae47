//! The order in which rows and messages of a run leave it: as they come, or held back until all statements have run, as the
//! Go program does, so that what is told of calls stands before.

use std::io::{self, Write};

use crate::ending::say;

/// The two streams of a run.
pub(crate) struct Emission {
    rows: Box<dyn Write>,
    held: Option<Vec<Piece>>,
}

/// What is held back.
enum Piece {
    Rows(Vec<u8>),
    Message(String),
}

impl Emission {
    /// Rows go there, messages to standard error.
    pub(crate) fn new(rows: Box<dyn Write>) -> Self {
        Self { rows, held: None }
    }

    /// From now on everything is held back, until [`Self::release`].
    pub(crate) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Lets go what was held back, in its order.
    pub(crate) fn release(&mut self) -> io::Result<()> {
        for piece in self.held.take().unwrap_or_default() {
            match piece {
                Piece::Rows(bytes) => {
                    self.rows.write_all(&bytes)?;
                    self.rows.flush()?;
                }
                Piece::Message(text) => say(&text),
            }
        }
        Ok(())
    }

    /// A message, behind the rows before it.
    pub(crate) fn say(&mut self, text: &str) {
        match &mut self.held {
            Some(held) => held.push(Piece::Message(text.to_owned())),
            None => say(text),
        }
    }
}

impl Write for Emission {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.held {
            None => return self.rows.write(bytes),
            Some(held) => match held.last_mut() {
                Some(Piece::Rows(rows)) => rows.extend_from_slice(bytes),
                _ => held.push(Piece::Rows(bytes.to_vec())),
            },
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.held {
            None => self.rows.flush(),
            Some(_) => Ok(()),
        }
    }
}
