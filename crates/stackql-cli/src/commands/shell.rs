//! `stackql shell`: runs statements from a prompt or from piped input. Owns reading input; `ResultWriter` writes
//! results.

mod completion;
mod line;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use reedline::{
    ColumnarMenu, DefaultPrompt, DefaultPromptSegment, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder,
    Reedline, ReedlineEvent, ReedlineMenu, Signal, ValidationResult, Validator, default_emacs_keybindings,
};
use stackql_engine::Session;
use tokio::runtime::Runtime;

use crate::exit::{CliError, RunStatus, print_stderr};
use crate::output::result_writer::{ResultWriter, unless_cancelled};
use completion::NameCompleter;
use line::{Line, parse};

const HISTORY_LENGTH: usize = 10_000;
/// Encoding of a line break within a statement in the history file.
const LINE_END: &str = "<\\n>";
const MENU: &str = "names";
const HELP: &str = "\
A statement ends with a semicolon and may span lines. Tab completes names.
  \\d [name]         what there is: providers, or what the named provider, service or table has
  .inspect [name]   as \\d, with the methods of a table
  \\timing           say how long statements take, or stop saying it
  clear             clear the screen
  exit, quit, \\q    leave";

/// Reads and runs statements until the input ends or the user leaves. `root` is the directory of the history.
pub(crate) fn run(
    runtime: &Runtime,
    session: Session,
    results: ResultWriter,
    root: &Path,
) -> Result<RunStatus, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    print_stderr(&format!(
        "stackql Command Shell v{version}\nCopyright (c) the stackql authors, Apache License 2.0.\nWelcome; type help for help.\n---"
    ));
    let mut shell = Shell { runtime, session, results, timing: false, history: None };
    let ending = match io::stdin().is_terminal() {
        true => shell.prompted(root)?,
        false => {
            shell.history = open_history(root).map(|(file, _)| file);
            shell.piped()?
        }
    };
    if let Some(left) = runtime.block_on(shell.session.abandon()) {
        print_stderr(&left);
    }
    print_stderr("goodbye");
    Ok(ending)
}

struct Shell<'a> {
    runtime: &'a Runtime,
    session: Session,
    results: ResultWriter,
    timing: bool,
    /// History file for piped input; at the prompt, the line editor writes the history.
    history: Option<File>,
}

/// How to continue after a line.
enum Next {
    Read,
    /// Ctrl-C cancelled a statement of the line.
    Cancelled,
    Leave,
}

impl Shell<'_> {
    fn piped(&mut self) -> Result<RunStatus, CliError> {
        let mut pending = String::new();
        for line in io::stdin().lock().lines() {
            let line = line.map_err(|reason| CliError::Unreadable { path: "standard input".to_owned(), reason })?;
            match self.take(&mut pending, &line)? {
                Next::Read => {}
                Next::Leave => return Ok(RunStatus::Complete),
                Next::Cancelled => return Ok(RunStatus::Cancelled),
            }
        }
        match self.statements(&pending)? {
            Next::Cancelled => Ok(RunStatus::Cancelled),
            Next::Read | Next::Leave => Ok(RunStatus::Complete),
        }
    }

    fn prompted(&mut self, root: &Path) -> Result<RunStatus, CliError> {
        let mut editor = self.editor(root);
        let prompt =
            DefaultPrompt::new(DefaultPromptSegment::Basic("stackql ".to_owned()), DefaultPromptSegment::Empty);
        loop {
            match editor
                .read_line(&prompt)
                .map_err(|e| CliError::Message(format!("the terminal cannot be read: {e}")))?
            {
                Signal::Success(text) if parse(&text) == Line::Clear => drop(editor.clear_screen()),
                Signal::Success(text) => match self.take(&mut String::new(), &text)? {
                    Next::Read => {}
                    Next::Cancelled => print_stderr("cancelled"),
                    Next::Leave => return Ok(RunStatus::Complete),
                },
                Signal::CtrlD => return Ok(RunStatus::Complete),
                // Ctrl-C discards the line; other signals are ignored.
                _ => {}
            }
        }
    }

    fn editor(&self, root: &Path) -> Reedline {
        let mut keys = default_emacs_keybindings();
        let open_or_next =
            ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]);
        keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, open_or_next);
        let completer = NameCompleter::new(self.session.definitions());
        let editor = Reedline::create()
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_completer(Box::new(completer))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU))))
            .with_validator(Box::new(UntilSemicolon))
            .with_partial_completions(true)
            .with_quick_completions(true)
            // As in system shells, lines that begin with a blank are not recorded.
            .with_history_exclusion_prefix(Some(" ".to_owned()))
            // A pasted script becomes one entry instead of one per line.
            .use_bracketed_paste(true);
        let Some((_, path)) = open_history(root) else { return editor };
        match FileBackedHistory::with_file(HISTORY_LENGTH, path) {
            Ok(history) => editor.with_history(Box::new(history)),
            Err(reason) => {
                print_stderr(&format!("no history is kept: {reason}"));
                editor
            }
        }
    }

    /// Processes a line: runs a command at once, and statements when they are complete.
    fn take(&mut self, pending: &mut String, text: &str) -> Result<Next, CliError> {
        let line = if pending.trim().is_empty() { parse(text) } else { Line::Statement };
        match line {
            Line::Leave => return Ok(Next::Leave),
            Line::Help => print_stderr(HELP),
            Line::Clear | Line::Blank => {}
            Line::Timing => {
                self.timing = !self.timing;
                print_stderr(if self.timing { "timing is on" } else { "timing is off" });
            }
            Line::Look(statements) => return self.statements(&statements),
            Line::Unknown(command) => print_stderr(&format!("unknown command '{command}'; help lists the commands")),
            Line::Statement => {
                pending.push_str(text);
                pending.push('\n');
                if !stackql_sql::is_incomplete(pending) {
                    let statements = std::mem::take(pending);
                    return self.statements(&statements);
                }
            }
        }
        Ok(Next::Read)
    }

    fn statements(&mut self, script: &str) -> Result<Next, CliError> {
        for piece in stackql_sql::split(script) {
            self.keep(piece.text);
            let started = Instant::now();
            let run = unless_cancelled(Box::pin(self.results.run(&self.session, piece.text)));
            match self.runtime.block_on(run) {
                Some(ended) => drop(ended?),
                None => return Ok(Next::Cancelled),
            }
            if self.timing {
                print_stderr(&format!("time: {:.3} s", started.elapsed().as_secs_f64()));
            }
        }
        Ok(Next::Read)
    }
}

impl Shell<'_> {
    /// Appends a statement to the history as one line, in the format of the line editor.
    fn keep(&mut self, statement: &str) {
        let Some(history) = &mut self.history else { return };
        if let Err(reason) = history.write_all(format!("{};\n", statement.replace('\n', LINE_END)).as_bytes()) {
            print_stderr(&format!("no history is kept any more: {reason}"));
            self.history = None;
        }
    }
}

/// Continues multi-line input until the statement is complete.
struct UntilSemicolon;

impl Validator for UntilSemicolon {
    fn validate(&self, text: &str) -> ValidationResult {
        let goes_on = parse(text) == Line::Statement && stackql_sql::is_incomplete(text);
        if goes_on { ValidationResult::Incomplete } else { ValidationResult::Complete }
    }
}

/// Opens the history file for appending, and returns its path; prints a message and returns `None` if that fails.
fn open_history(root: &Path) -> Option<(File, PathBuf)> {
    let told = |reason: &io::Error| {
        print_stderr(&format!("no history is kept, {} cannot be written: {reason}", root.display()))
    };
    history(root).inspect_err(told).ok()
}

/// Creates the directory if necessary. Statements may hold secrets, so only the owner may read the file.
fn history(root: &Path) -> io::Result<(File, PathBuf)> {
    let folder = root.join("readline");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("readline.tmp");
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok((options.create(true).append(true).open(&path)?, path))
}
