//! What of a SELECT a method can do itself, beyond its parameters: OData's query options and their like.

use serde::{Deserialize, Serialize};

/// The clauses of a SELECT that travel with a request, each in a parameter of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClausePushdown {
    /// The columns that are wanted, such as `$select`.
    pub select: Option<Clause>,
    /// Comparisons, such as `$filter`.
    pub filter: Option<Clause>,
    /// An order, such as `$orderby`.
    pub order: Option<Clause>,
    /// How many rows are wanted, such as `$top`.
    pub top: Option<RowLimit>,
    /// How many rows to leave out before that, such as `$skip`.
    pub skip: Option<RowLimit>,
    /// That the rows be counted, such as `$count`.
    pub count: Option<CountRequest>,
}

/// A clause over columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The parameter that takes it.
    pub parameter: String,
    /// The columns that may stand in it; `None` for all.
    pub columns: Option<Vec<String>>,
    /// The operators that may, as they are written there: `eq`, `startswith`, `and`; `None` for all.
    pub operators: Option<Vec<String>>,
}

/// A number of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLimit {
    /// The parameter that takes it.
    pub parameter: String,
    /// The largest number it takes.
    pub maximum: Option<u64>,
    /// It counts the rows of a page, of which more follow; else all that will come.
    pub per_page: bool,
}

/// How the number of all rows is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRequest {
    /// The parameter.
    pub parameter: String,
    /// What it takes.
    pub value: String,
    /// Where an answer has the number, as a path of members.
    pub response_path: Vec<String>,
}
