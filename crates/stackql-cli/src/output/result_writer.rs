//! Runs statements of a session and writes their results: rows to the output, messages to standard error.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use stackql_engine::{Completeness, Failure, Session, StatementOutput};

use crate::args::groups::Output;
use crate::exit::{CliError, RunStatus, format_error, format_failure, format_incomplete};
use crate::output::go_layout::ResultLayout;
use crate::output::output_buffer::OrderedOutput;
use crate::output::progress::ProgressLine;
use crate::output::{Format, OutputOptions, RowWriter, first_row};

/// Value of `--outfile` that selects standard output.
const STANDARD_OUTPUT: &str = "stdout";

/// The output of a run and its format.
pub(crate) struct ResultWriter {
    pub(crate) style: OutputOptions,
    /// Whether errors are written as result rows.
    errors_as_rows: bool,
    target: String,
    out: OrderedOutput,
    /// Number of results so far.
    results: usize,
    /// The column names and text values of the first row of the last result.
    first: Vec<(String, String)>,
}

impl std::fmt::Debug for ResultWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResultWriter").field("target", &self.target).finish_non_exhaustive()
    }
}

impl ResultWriter {
    /// Opens the output that the flags select.
    ///
    /// # Errors
    ///
    /// The format is unknown or unsuitable for a terminal, or the file cannot be created.
    pub(crate) fn open(flags: &Output) -> Result<Self, CliError> {
        let unknown =
            || CliError::Message(format!("unable to create output writer for output format = '{}'", flags.output));
        let outfile = Some(&flags.outfile).filter(|path| path.as_os_str() != STANDARD_OUTPUT);
        let terminal = outfile.is_none() && io::stdout().is_terminal();
        let format = Format::parse(&flags.output).ok_or_else(unknown)?;
        if terminal && [Format::Arrow, Format::Parquet].contains(&format) {
            let message = format!("{} is for programs, not for a terminal; name a file by --outfile", flags.output);
            return Err(CliError::Message(message));
        }
        let style = OutputOptions {
            format,
            hide_headers: flags.hideheaders,
            delimiter: flags.delimiter.chars().next().unwrap_or(','),
            compat: flags.compat(),
            terminal,
        };
        let (target, out): (_, Box<dyn Write>) = match outfile {
            None => ("standard output".to_owned(), Box::new(io::BufWriter::new(io::stdout()))),
            Some(path) => {
                let target = path.display().to_string();
                let file = std::fs::File::create(path).map_err(|e| CliError::writing(&target, e))?;
                (target, Box::new(io::BufWriter::new(file)))
            }
        };
        let (out, errors_as_rows) = (OrderedOutput::new(out), flags.errorpresentation == "record");
        Ok(Self { style, errors_as_rows, target, out, results: 0, first: Vec::new() })
    }

    /// Buffers the results of a script of several statements until [`Self::release`], in compatibility mode only.
    pub(crate) fn hold(&mut self) {
        if self.style.compat {
            self.out.start_buffering();
        }
    }

    /// Writes the buffered output.
    pub(crate) fn release(&mut self) -> Result<(), CliError> {
        let written = self.out.flush_buffered();
        self.check_write(written)
    }

    /// Runs one statement and writes its result. A failed statement is reported as a [`RunStatus`]; only an output that
    /// cannot be written is an error.
    pub(crate) async fn run(&mut self, session: &Session, statement: &str) -> Result<RunStatus, CliError> {
        let arrangement =
            if self.style.compat { ResultLayout::for_statement(statement) } else { ResultLayout::Unchanged };
        self.run_statement(session, session.run(statement), &arrangement).await
    }

    /// As [`Self::run`], for any operation of a session.
    pub(crate) async fn run_statement(
        &mut self,
        session: &Session,
        work: impl Future<Output = Result<StatementOutput, Failure>>,
        arrangement: &ResultLayout,
    ) -> Result<RunStatus, CliError> {
        session.progress().reset();
        self.first.clear();
        let mut progress = ProgressLine::new(session.progress());
        let ending = match progress.beside(Box::pin(work)).await {
            Ok(answer) => self.answer(answer, arrangement, &mut progress).await,
            Err(failure) => self.failure(&failure),
        };
        let defaults = session.new_defaults();
        if !self.style.compat && io::stderr().is_terminal() {
            for [_, scope, value] in defaults {
                self.out.message(&format!("note: {scope} {value} (default); {scope} = '*' reads all"));
            }
        }
        ending
    }

    /// Writes a line between results.
    pub(crate) fn note(&mut self, line: &str) -> Result<(), CliError> {
        let written = writeln!(self.out, "{line}");
        self.check_write(written)
    }

    /// The value of a column in the first row of the last result.
    pub(crate) fn first(&self, column: &str) -> Option<String> {
        self.first.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, value)| value.clone())
    }

    /// Writes a result of one column and one row.
    pub(crate) fn single(&mut self, column: &str, value: &str) -> Result<(), CliError> {
        let schema = Arc::new(Schema::new(vec![Field::new(column, DataType::Utf8, false)]));
        let values = Arc::new(StringArray::from(vec![value]));
        let rows = RecordBatch::try_new(schema, vec![values]).map_err(|e| CliError::Message(e.to_string()))?;
        self.rows(&rows)
    }

    /// Writes a result.
    pub(crate) fn rows(&mut self, rows: &RecordBatch) -> Result<(), CliError> {
        let mut writer = self.writer(rows.schema())?;
        let written = writer.batch(rows, &mut self.out).and_then(|()| writer.finish(&mut self.out));
        self.check_write(written)
    }

    /// Creates the writer for the next result.
    fn writer(&mut self, schema: SchemaRef) -> Result<Box<dyn RowWriter>, CliError> {
        self.results += 1;
        match self.style.format {
            Format::Parquet if self.results > 1 => Err(CliError::Message(
                "a parquet file holds one result, and this is another; write it by a run of its own".into(),
            )),
            _ => Ok(self.style.writer(schema)),
        }
    }

    async fn answer(
        &mut self,
        mut answer: StatementOutput,
        arrangement: &ResultLayout,
        progress: &mut ProgressLine,
    ) -> Result<RunStatus, CliError> {
        if let Some(message) = &answer.message {
            // The completeness of a change that returns no rows is final at this point.
            match answer.rows.is_none() && RunStatus::from_outcome(&(answer.completeness)()) > RunStatus::Complete {
                true if !self.style.compat => self.out.message(&format_error(message)),
                _ => self.out.message(message),
            }
        }
        let mut failure = None;
        if let Some(mut rows) = answer.rows.take() {
            let mut writer = self.writer(arrangement.schema(rows.schema()))?;
            let mut received = false;
            while let Some(batch) = progress.beside(rows.next()).await {
                match batch {
                    Ok(batch) => {
                        let batch = arrangement.rows(batch).map_err(|e| CliError::Message(e.to_string()))?;
                        received |= batch.num_rows() > 0;
                        if self.first.is_empty() {
                            self.first = first_row(&batch);
                        }
                        let written = writer.batch(&batch, &mut self.out);
                        self.check_write(written)?;
                    }
                    Err(e) => failure = Some(Failure::from(e)),
                }
                if failure.is_some() {
                    break;
                }
            }
            // A statement that failed before its first row has no result, so not even an empty one is written.
            if received || failure.is_none() {
                let written = writer.finish(&mut self.out);
                self.check_write(written)?;
            }
        }
        if let Some(failure) = failure {
            return self.failure(&failure);
        }
        let outcome = (answer.completeness)();
        match (&outcome, format_incomplete(&outcome)) {
            (Completeness::Partial(failures), _) if self.style.compat => {
                failures.iter().for_each(|failure| self.out.message(failure.compat_message()));
            }
            (Completeness::Partial(_), Some(failed)) => self.out.message(&format_error(&failed)),
            (_, Some(capped)) => self.out.message(&capped),
            (_, None) => {}
        }
        Ok(RunStatus::from_outcome(&outcome))
    }

    fn failure(&mut self, failure: &Failure) -> Result<RunStatus, CliError> {
        // Scripts of the Go program compare the whole of standard error.
        match self.errors_as_rows {
            true if self.style.compat => self.single("error", failure.compat_message())?,
            true => self.single("error", &failure.message)?,
            false if self.style.compat => self.out.message(failure.compat_message()),
            false => self.out.message(&format_error(&format_failure(failure))),
        }
        Ok(RunStatus::Failed)
    }

    fn check_write(&mut self, written: io::Result<()>) -> Result<(), CliError> {
        written.and_then(|()| self.out.flush()).map_err(|e| CliError::writing(&self.target, e))
    }
}

/// Awaits `work` until Ctrl-C; then drops it, which cancels its requests, and returns `None`.
pub(crate) async fn unless_cancelled<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        _ = tokio::signal::ctrl_c() => None,
    }
}

impl Output {
    /// Whether compatibility mode is on, which imitates the Go program.
    pub(crate) fn compat(&self) -> bool {
        self.compat.as_deref() == Some("stackql")
    }
}
