//! A session: definitions, a transport and settings, over which statements run.

use std::sync::Arc;

use stackql_call::Transport;
use stackql_provider::Definitions;

use crate::{Answer, Failure, FailureKind, Progress};

/// Settings of a session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// How many calls of a statement may be in flight at once.
    pub concurrency: usize,
    /// The most pages one scan reads; `None` is no cap.
    pub page_limit: Option<usize>,
    /// Refuse statements that change something.
    pub read_only: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { concurrency: 32, page_limit: None, read_only: false }
    }
}

/// Runs statements. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Session {
    definitions: Arc<dyn Definitions>,
    transport: Arc<dyn Transport>,
    progress: Arc<Progress>,
}

impl Session {
    /// A session over these definitions, whose calls go through this transport.
    pub fn new(definitions: Arc<dyn Definitions>, transport: Arc<dyn Transport>, options: SessionOptions) -> Self {
        let _ = options;
        Self { definitions, transport, progress: Arc::default() }
    }

    /// The definitions, for completion of names.
    pub fn definitions(&self) -> &Arc<dyn Definitions> {
        &self.definitions
    }

    /// How far the running statement is.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Runs one statement (without its semicolon). Returns once the plan stands and the rows can be read; dropping
    /// the answer, or the future, cancels what is in flight. `stackql_sql::split` cuts a script into statements.
    pub async fn run(&self, statement: &str) -> Result<Answer, Failure> {
        let _ = (statement, &self.transport);
        Err(Failure { kind: FailureKind::Internal, message: "not built".into(), hints: Vec::new() })
    }
}
