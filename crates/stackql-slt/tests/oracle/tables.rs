//! Tables with few values, so that joins meet, and what an API asks for before it gives their rows.

use fastrand::Rng;

use crate::features::Features;

/// A table, and how an API gives it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// Rows a page.
    pub(crate) page: usize,
    /// Its service has a scope.
    pub(crate) is_scoped: bool,
}

/// A row; texts are numbers with a letter in front.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Option<i64>>,
    pub(crate) region: usize,
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
    /// What a request must name, and rows say in another form, as an address that ends with it.
    Respelled,
}

/// The members of the scope, of which the first is the default.
pub(crate) const REGIONS: [&str; 3] = ["r0", "r1", "s2"];

/// The scope.
pub(crate) const REGION: &str = "region";

impl Role {
    pub(crate) fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::Hidden | Self::Respelled)
    }
}

impl Column {
    pub(crate) fn new(name: String, is_text: bool, role: Role) -> Self {
        Self { name, is_text, role }
    }

    /// A value as a parameter.
    pub(crate) fn value(&self, cell: i64) -> String {
        if self.is_text { format!("x{cell}") } else { cell.to_string() }
    }

    /// A value as rows say it.
    pub(crate) fn display(&self, cell: i64) -> String {
        match self.role {
            Role::Respelled => format!("https://api/{}", self.value(cell)),
            _ => self.value(cell),
        }
    }

    /// A value as SQL.
    pub(crate) fn literal(&self, cell: i64) -> String {
        if self.is_text { format!("'{}'", self.value(cell)) } else { self.value(cell) }
    }

    /// What the judge calls the parameter.
    pub(crate) fn input(&self) -> String {
        match self.role {
            Role::Respelled => format!("{}__in", self.name),
            _ => self.name.clone(),
        }
    }
}

impl Table {
    /// Two to four tables.
    pub(crate) fn some(features: &Features, random: &mut Rng) -> Vec<Self> {
        let is_scoped = features.scopes && random.u8(0..3) == 0;
        (0..random.usize(2..=4)).map(|i| Self::one(i, is_scoped, features, random)).collect()
    }

    fn one(at: usize, is_scoped: bool, features: &Features, random: &mut Rng) -> Self {
        let mut columns = Vec::new();
        for i in 0..random.usize(2..=4) {
            // The first column of each is a field, so that a table always has rows of its own.
            let role = match random.u8(0..10) {
                _ if i == 0 => Role::Field,
                0..=3 => Role::Field,
                4 => Role::Narrowing,
                5 | 6 => Role::Required,
                7 if features.respelled => Role::Respelled,
                _ => Role::Hidden,
            };
            columns.push(Column::new(format!("c{i}"), role == Role::Respelled || random.u8(0..4) == 0, role));
        }
        let cell = |column: &Column, random: &mut Rng| {
            (column.role.is_required() || random.u8(0..5) > 0).then(|| random.i64(0..5))
        };
        let row = |random: &mut Rng| Row {
            cells: columns.iter().map(|c| cell(c, random)).collect(),
            region: if is_scoped { random.usize(0..REGIONS.len()) } else { 0 },
        };
        let rows = (0..random.usize(0..9)).map(|_| row(random)).collect();
        Self { name: format!("t{at}"), columns, rows, page: random.usize(1..5), is_scoped }
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.role.is_required())
    }
}
