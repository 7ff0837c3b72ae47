//! What queries are made of, beside what they always are. `ORACLE_WITHOUT=scopes,respelled` leaves some out.

/// What may be in a case.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    /// The API has a scope of several members, named by all kinds of conditions.
    pub(crate) scopes: bool,
    /// Rows say a parameter in another form than it is asked for.
    pub(crate) respelled: bool,
    /// The parameter of a relation that may be missing is given in WHERE: it says what is asked, not which rows are left.
    pub(crate) outer_parameters: bool,
    /// Relations of several branches.
    pub(crate) unions: bool,
    /// NOT IN and its kin.
    pub(crate) negations: bool,
}

impl Features {
    /// All but those named, between commas.
    pub(crate) fn without(names: &str) -> Self {
        let has = |name: &str| !names.split(',').any(|without| without == name);
        Self {
            scopes: has("scopes"),
            respelled: has("respelled"),
            outer_parameters: has("outer_parameters"),
            unions: has("unions"),
            negations: has("negations"),
        }
    }
}
