//! The default provider, which USE sets: qualifies names that have no provider.

use stackql_sql::{Replace, Show, ShowKind, Statement};

/// Prefixes names of tables and methods that have no provider with `provider`. The relations of a query are qualified when
/// the query is planned.
pub(crate) fn qualify_names(mut statement: Statement, provider: &str) -> Statement {
    let (name, parts) = match &mut statement {
        Statement::Show(Show { kind: ShowKind::Methods { table } | ShowKind::InsertInto { table }, .. })
        | Statement::Describe { table, .. } => (table, 3),
        Statement::DescribeMethod { method, .. } => (method, 4),
        Statement::Insert(insert) | Statement::Replace(Replace::Rows(insert)) => (&mut insert.table, 3),
        Statement::Update(update) | Statement::Replace(Replace::Set(update)) => (&mut update.table, 3),
        Statement::Delete(delete) => (&mut delete.table, 3),
        Statement::Exec(exec) => (&mut exec.method, 4),
        Statement::Explain { statement: inner, .. } => {
            **inner = qualify_names(std::mem::replace(&mut **inner, Statement::Begin), provider);
            return statement;
        }
        _ => return statement,
    };
    if name.0.len() + 1 == parts {
        name.0.insert(0, provider.to_owned());
    }
    statement
}
