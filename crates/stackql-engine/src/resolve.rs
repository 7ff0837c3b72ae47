//! Name resolution in parsed SQL, before planning: tables, columns, wildcards, NATURAL joins and output names.

pub(crate) mod bare_columns;
pub(crate) mod conditions;
pub(crate) mod constants;
pub(crate) mod duplicate_names;
pub(crate) mod method_columns;
pub(crate) mod names;
pub(crate) mod natural_joins;
pub(crate) mod normalize;
pub(crate) mod output_names;
pub(crate) mod relation;
pub(crate) mod wildcard;
