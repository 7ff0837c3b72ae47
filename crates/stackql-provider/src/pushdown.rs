//! Clause pushdown: which clauses of a SELECT a method accepts in parameters, such as OData's query options.

use serde::{Deserialize, Serialize};

/// The clauses of a SELECT that a request can carry, each in a parameter of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClausePushdown {
    /// Projection: the columns to return, such as `$select`.
    pub select: Option<Clause>,
    /// Filter: comparisons of columns, such as `$filter`.
    pub filter: Option<Clause>,
    /// Sort order, such as `$orderby`.
    pub order: Option<Clause>,
    /// LIMIT: the maximum number of rows to return, such as `$top`.
    pub top: Option<RowLimit>,
    /// OFFSET: the number of rows to skip first, such as `$skip`.
    pub skip: Option<RowLimit>,
    /// Count: the number of all matching rows, such as `$count`.
    pub count: Option<CountRequest>,
}

/// A clause that names columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// The parameter that carries it.
    pub parameter: String,
    /// The columns that it may name; `None` for all.
    pub columns: Option<Vec<String>>,
    /// The operators that it may contain, in the API's spelling: `eq`, `startswith`, `and`; `None` for all.
    pub operators: Option<Vec<String>>,
}

/// A clause that is a number of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLimit {
    /// The parameter that carries it.
    pub parameter: String,
    /// The maximum value that the API accepts; `None` for no maximum.
    pub maximum: Option<u64>,
    /// The number is a page size, and further pages follow. If false, it limits the complete result.
    pub per_page: bool,
}

/// How the number of all matching rows is requested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRequest {
    /// The parameter.
    pub parameter: String,
    /// The value that requests the count.
    pub value: String,
    /// Path of the count in the response, as member names.
    pub response_path: Vec<String>,
}
