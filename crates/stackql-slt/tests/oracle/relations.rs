//! Relations of a FROM clause: tables of the API, whose parameters are given or wait to be, VALUES, and UNION ALL of both.

use fastrand::Rng;

use crate::dialects::both;
use crate::features::Features;
use crate::tables::{Column, REGION, REGIONS, Role, Table};

/// A relation under a name.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) alias: String,
    /// What can be said of its rows.
    pub(crate) columns: Vec<Column>,
    pub(crate) is_scoped: bool,
    /// Columns in another form than that of the parameters which literals give.
    inputs: Vec<String>,
}

impl Relation {
    fn new(alias: &str, columns: Vec<Column>, is_scoped: bool) -> Self {
        Self { alias: alias.to_owned(), columns, is_scoped, inputs: Vec::new() }
    }

    /// Whether an expression names a column whose parameter a literal gives in another form.
    pub(crate) fn names_input(&self, expr: &str) -> bool {
        self.inputs.iter().any(|column| expr.contains(&format!("{}.{column}", self.alias)))
    }
}

/// What a relation is made of, until it is known how it is given its parameters.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) relation: Relation,
    kind: Kind<'a>,
    /// What the API is asked for by literals, as the judge says it.
    inputs: Vec<String>,
}

#[derive(Debug)]
enum Kind<'a> {
    Table(&'a Table),
    Text(String),
}

impl<'a> Source<'a> {
    pub(crate) fn of_table(alias: &str, table: &'a Table) -> Self {
        let relation = Relation::new(alias, table.columns.clone(), table.is_scoped);
        Self { relation, kind: Kind::Table(table), inputs: Vec::new() }
    }

    /// A table most of the time.
    pub(crate) fn some(alias: &str, tables: &'a [Table], features: &Features, random: &mut Rng) -> Self {
        if !features.unions || random.u8(0..3) > 0 {
            return Self::of_table(alias, &tables[random.usize(0..tables.len())]);
        }
        let (columns, text) = branches(tables, random);
        let relation = Relation::new(alias, columns, false);
        Self { relation, kind: Kind::Text(text), inputs: Vec::new() }
    }

    pub(crate) fn required(&self) -> Vec<Column> {
        self.relation.columns.iter().filter(|c| c.role.is_required()).cloned().collect()
    }

    /// A condition that gives a parameter by literals. The rows are those that are asked for; nothing is compared.
    pub(crate) fn given(&mut self, column: &Column, random: &mut Rng) -> String {
        let name = format!("{}.{}", self.relation.alias, column.name);
        let some = |random: &mut Rng| column.literal(random.i64(0..5));
        let (a, b, c) = (some(random), some(random), some(random));
        let input = column.input();
        let (ours, judged) = match random.u8(0..4) {
            0 => (format!("{name} IN ({a}, {b}, {c})"), format!("{input} IN ({a}, {b}, {c})")),
            1 => (format!("({name} = {a} OR {name} = {b})"), format!("{input} IN ({a}, {b})")),
            2 if !column.is_text => {
                (format!("{name} BETWEEN {a} AND {a} + 2"), format!("{input} BETWEEN {a} AND {a} + 2"))
            }
            _ => (format!("{name} = {a}"), format!("{input} = {a}")),
        };
        self.inputs.push(judged);
        if column.role == Role::Respelled {
            self.relation.inputs.push(column.name.clone());
        }
        both(&ours, "true")
    }

    /// A condition that gives a parameter by an expression over other relations.
    pub(crate) fn fed(&self, column: &Column, key: &str) -> String {
        let alias = &self.relation.alias;
        format!("{} = {key}", both(&format!("{alias}.{}", column.name), &format!("{alias}.{}", column.input())))
    }

    /// A condition on the scope, if one is said; none is the default member.
    pub(crate) fn scoped(&mut self, others: &[Relation], random: &mut Rng) -> Option<String> {
        if !self.relation.is_scoped {
            return None;
        }
        let name = format!("{}.{REGION}", self.relation.alias);
        let (a, b) = (REGIONS[random.usize(0..REGIONS.len())], REGIONS[random.usize(0..REGIONS.len())]);
        let other: Vec<&Relation> = others.iter().filter(|r| r.is_scoped).collect();
        match random.u8(0..10) {
            0 | 1 => {
                self.inputs.push(format!("{REGION} = '{a}'"));
                Some(both(&format!("{name} = '{a}'"), "true"))
            }
            2 => {
                self.inputs.push(format!("{REGION} IN ('{a}', '{b}')"));
                Some(both(&format!("{name} IN ('{a}', '{b}')"), "true"))
            }
            3 => Some(both(&format!("{name} = '*'"), "true")),
            4 => Some(format!("{name} <> '{a}'")),
            5 => Some(format!("{name} NOT IN ('{a}', '{b}')")),
            6 => Some(format!("{name} LIKE 'r%'")),
            7 if !other.is_empty() => {
                let other = other[random.usize(0..other.len())];
                Some(format!("{name} = {}.{REGION}", other.alias))
            }
            _ => {
                self.inputs.push(format!("{REGION} = '{}'", REGIONS[0]));
                None
            }
        }
    }

    /// As it stands in FROM, sometimes behind a subquery.
    pub(crate) fn text(&self, random: &mut Rng) -> String {
        let alias = &self.relation.alias;
        let table = match &self.kind {
            Kind::Table(table) => table,
            Kind::Text(text) => return format!("({text}) {alias}"),
        };
        let input = match self.inputs.is_empty() {
            true => table.name.clone(),
            false => format!("(SELECT * FROM {} WHERE {})", table.name, self.inputs.join(" AND ")),
        };
        let name = both(&format!("mock.s.{}", table.name), &input);
        let mut columns: Vec<String> = Vec::new();
        for column in &table.columns {
            columns.push(match column.role {
                Role::Respelled => both(&column.name, &format!("{}, {}", column.name, column.input())),
                _ => column.name.clone(),
            });
        }
        columns.extend(table.is_scoped.then(|| REGION.to_owned()));
        let columns = columns.join(", ");
        match random.u8(0..6) {
            0 => format!("(SELECT {columns} FROM {name}) {alias}"),
            1 => format!("(SELECT {columns} FROM {name} GROUP BY {columns}) {alias}"),
            _ => format!("{name} {alias}"),
        }
    }
}

/// Rows out of one to five places.
fn branches(tables: &[Table], random: &mut Rng) -> (Vec<Column>, String) {
    let columns: Vec<Column> =
        (0..random.usize(1..=3)).map(|i| Column::new(format!("c{i}"), random.u8(0..3) == 0, Role::Field)).collect();
    let count = random.usize(1..=5);
    let branches: Vec<String> = (0..count).map(|_| branch(&columns, tables, random)).collect();
    let all = branches.join(" UNION ALL ");
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let names = names.join(", ");
    let first = &names[..2];
    let text = match random.u8(0..6) {
        0 => format!("SELECT {names} FROM ({all}) b WHERE {first} IS NOT NULL"),
        1 => format!("SELECT {names} FROM ({all}) b ORDER BY {first}"),
        2 => format!("SELECT DISTINCT {names} FROM ({all}) b"),
        _ => all,
    };
    (columns, text)
}

fn branch(columns: &[Column], tables: &[Table], random: &mut Rng) -> String {
    let literal = |column: &Column, random: &mut Rng| column.literal(random.i64(0..5));
    match random.u8(0..3) {
        0 => {
            let row = |at: usize, random: &mut Rng| {
                let cell = |column: &Column, random: &mut Rng| match random.u8(0..6) {
                    0 if at > 0 => "NULL".to_owned(),
                    _ => literal(column, random),
                };
                format!("({})", columns.iter().map(|c| cell(c, random)).collect::<Vec<_>>().join(", "))
            };
            let rows: Vec<String> = (0..random.usize(1..5)).map(|at| row(at, random)).collect();
            let names = columns.iter().enumerate().map(|(i, c)| format!("column{} AS {}", i + 1, c.name));
            format!("SELECT {} FROM (VALUES {}) v", names.collect::<Vec<_>>().join(", "), rows.join(", "))
        }
        1 => {
            let cells = columns.iter().map(|c| format!("{} AS {}", literal(c, random), c.name));
            format!("SELECT {}", cells.collect::<Vec<_>>().join(", "))
        }
        _ => {
            let mut source = Source::of_table("u", &tables[random.usize(0..tables.len())]);
            let required = source.required();
            let mut conditions: Vec<String> = required.iter().map(|c| source.given(c, random)).collect();
            conditions.extend(source.scoped(&[], random));
            let cell = |column: &Column, random: &mut Rng| {
                let of_type: Vec<&Column> =
                    source.relation.columns.iter().filter(|c| c.is_text == column.is_text).collect();
                match of_type.is_empty() {
                    true => format!("{} AS {}", literal(column, random), column.name),
                    false => format!("u.{} AS {}", of_type[random.usize(0..of_type.len())].name, column.name),
                }
            };
            let cells: Vec<String> = columns.iter().map(|c| cell(c, random)).collect();
            format!("SELECT {} FROM {}{}", cells.join(", "), source.text(random), filter(&conditions))
        }
    }
}

/// Conditions as a WHERE clause.
pub(crate) fn filter(conditions: &[String]) -> String {
    match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    }
}
