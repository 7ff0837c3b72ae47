//! `stackql shell`: statements typed at a prompt or fed by a pipe. Owns reading; results are written elsewhere.

mod completion;
mod line;

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use reedline::{
    ColumnarMenu, DefaultPrompt, DefaultPromptSegment, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder,
    Reedline, ReedlineEvent, ReedlineMenu, Signal, ValidationResult, Validator, default_emacs_keybindings,
};
use stackql_engine::Session;
use tokio::runtime::Runtime;

use crate::ending::{Ending, Stop, say};
use crate::statements::{Results, unless_cancelled};
use completion::NameCompleter;
use line::{Line, parse};

const HISTORY_LENGTH: usize = 10_000;
const MENU: &str = "names";
const HELP: &str = "\
A statement ends with a semicolon and may span lines. Tab completes names.
  \\d [name]         what there is: providers, or what the named provider, service or table has
  .inspect [name]   as \\d, with the methods of a table
  \\timing           say how long statements take, or stop saying it
  clear             clear the screen
  exit, quit, \\q    leave";

/// Reads and runs statements until the input ends or the user leaves.
pub(crate) fn run(runtime: &Runtime, session: Session, results: Results) -> Result<Ending, Stop> {
    say(&format!("stackql Command Shell v{}\nWelcome; type help for help.\n---", env!("CARGO_PKG_VERSION")));
    let mut shell = Shell { runtime, session, results, timing: false };
    match std::io::stdin().is_terminal() {
        true => shell.prompted()?,
        false => shell.piped()?,
    }
    say("goodbye");
    Ok(Ending::Complete)
}

struct Shell<'a> {
    runtime: &'a Runtime,
    session: Session,
    results: Results,
    timing: bool,
}

/// Whether the shell goes on.
#[derive(PartialEq)]
enum Next {
    Read,
    Leave,
}

impl Shell<'_> {
    fn piped(&mut self) -> Result<(), Stop> {
        let mut pending = String::new();
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|reason| Stop::File { path: "standard input".to_owned(), reason })?;
            if self.take(&mut pending, &line)? == Next::Leave {
                return Ok(());
            }
        }
        self.statements(&pending)
    }

    fn prompted(&mut self) -> Result<(), Stop> {
        let mut editor = self.editor();
        let prompt =
            DefaultPrompt::new(DefaultPromptSegment::Basic("stackql ".to_owned()), DefaultPromptSegment::Empty);
        loop {
            match editor.read_line(&prompt).map_err(|e| Stop::Told(format!("the terminal cannot be read: {e}")))? {
                Signal::Success(text) => {
                    let mut pending = String::new();
                    if parse(&text) == Line::Clear {
                        drop(editor.clear_screen());
                    } else if self.take(&mut pending, &text)? == Next::Leave {
                        return Ok(());
                    }
                }
                Signal::CtrlD => return Ok(()),
                // Ctrl-C throws the line away; the rest is not for us.
                _ => {}
            }
        }
    }

    fn editor(&self) -> Reedline {
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
            .with_partial_completions(true);
        match history_file().and_then(|file| FileBackedHistory::with_file(HISTORY_LENGTH, file).ok()) {
            Some(history) => editor.with_history(Box::new(history)),
            None => editor,
        }
    }

    /// Takes a line in: a command at once, a statement when its semicolon is there.
    fn take(&mut self, pending: &mut String, text: &str) -> Result<Next, Stop> {
        let line = if pending.trim().is_empty() { parse(text) } else { Line::Statement };
        match line {
            Line::Leave => return Ok(Next::Leave),
            Line::Help => say(HELP),
            Line::Clear | Line::Blank => {}
            Line::Timing => {
                self.timing = !self.timing;
                say(if self.timing { "timing is on" } else { "timing is off" });
            }
            Line::Look(statements) => self.statements(&statements)?,
            Line::Unknown(command) => say(&format!("unknown command '{command}'; help lists the commands")),
            Line::Statement => {
                pending.push_str(text);
                pending.push('\n');
                if stackql_sql::split(pending).last().is_none_or(|piece| piece.ended) {
                    let statements = std::mem::take(pending);
                    self.statements(&statements)?;
                }
            }
        }
        Ok(Next::Read)
    }

    fn statements(&mut self, script: &str) -> Result<(), Stop> {
        for piece in stackql_sql::split(script) {
            let started = Instant::now();
            let run = unless_cancelled(Box::pin(self.results.run(&self.session, piece.text)));
            match self.runtime.block_on(run) {
                Some(ended) => drop(ended?),
                None => say("cancelled"),
            }
            if self.timing {
                say(&format!("time: {:.3} s", started.elapsed().as_secs_f64()));
            }
        }
        Ok(())
    }
}

/// Lets the user go on typing until a statement ends.
struct UntilSemicolon;

impl Validator for UntilSemicolon {
    fn validate(&self, text: &str) -> ValidationResult {
        let ended = parse(text) != Line::Statement || stackql_sql::split(text).last().is_none_or(|piece| piece.ended);
        if ended { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

/// The history below the working folder's `.stackql`, where the Go program keeps its own.
fn history_file() -> Option<PathBuf> {
    let folder = std::env::current_dir().ok()?.join(".stackql");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history.txt"))
}
