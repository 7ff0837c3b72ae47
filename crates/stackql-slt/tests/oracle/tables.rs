//! Tables with few values, so that joins meet, and what an API asks for before it gives their rows.

use fastrand::Rng;

/// A table, and how an API gives it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// A cell a column; texts are numbers with a letter in front.
    pub(crate) rows: Vec<Vec<Option<i64>>>,
    /// Rows a page.
    pub(crate) page: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) is_text: bool,
    pub(crate) role: Role,
}

/// What a column is to the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A field of rows.
    Field,
    /// A field of rows by which a request may narrow them.
    Narrowing,
    /// A field of rows that a request must name.
    Required,
    /// What a request must name, and rows do not say.
    Hidden,
}

impl Role {
    pub(crate) fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::Hidden)
    }
}

impl Table {
    /// Two to four tables.
    pub(crate) fn some(random: &mut Rng) -> Vec<Self> {
        (0..random.usize(2..=4)).map(|i| Self::one(i, random)).collect()
    }

    fn one(at: usize, random: &mut Rng) -> Self {
        let mut columns = Vec::new();
        for i in 0..random.usize(2..=4) {
            // The first column of each is a field, so that a table always has rows of its own.
            let role = match random.u8(0..8) {
                _ if i == 0 => Role::Field,
                0..=2 => Role::Field,
                3 => Role::Narrowing,
                4 | 5 => Role::Required,
                _ => Role::Hidden,
            };
            columns.push(Column { name: format!("c{i}"), is_text: random.u8(0..4) == 0, role });
        }
        let cell = |column: &Column, random: &mut Rng| {
            (column.role.is_required() || random.u8(0..6) > 0).then(|| random.i64(0..5))
        };
        let rows = (0..random.usize(0..9)).map(|_| columns.iter().map(|c| cell(c, random)).collect()).collect();
        Self { name: format!("t{at}"), columns, rows, page: random.usize(1..5) }
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.role.is_required())
    }
}
