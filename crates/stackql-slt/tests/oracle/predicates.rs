//! Predicates and values over relations: comparisons, lists, and subqueries of all kinds, also of the rows around them.

use fastrand::Rng;

use crate::dialects::both;
use crate::features::Features;
use crate::relations::{Relation, Source, filter};
use crate::tables::{Column, Role, Table};

/// What a predicate can be about.
pub(crate) struct Scope<'a> {
    pub(crate) relations: &'a [Relation],
    pub(crate) tables: &'a [Table],
    pub(crate) features: &'a Features,
}

/// A subquery: what it gives is to be put in front.
struct Inner {
    alias: &'static str,
    columns: Vec<Column>,
    from: String,
}

impl Scope<'_> {
    /// A column of any relation.
    pub(crate) fn column(&self, random: &mut Rng) -> (String, Column) {
        let relation = &self.relations[random.usize(0..self.relations.len())];
        let column = &relation.columns[random.usize(0..relation.columns.len())];
        (format!("{}.{}", relation.alias, column.name), column.clone())
    }

    /// An expression of a type over the relations.
    pub(crate) fn of_type(&self, is_text: bool, random: &mut Rng) -> Option<String> {
        let all = self.relations.iter().flat_map(|r| r.columns.iter().map(move |c| (&r.alias, c)));
        let fitting: Vec<String> =
            all.filter(|(_, c)| c.is_text == is_text).map(|(alias, c)| format!("{alias}.{}", c.name)).collect();
        if fitting.is_empty() {
            return None;
        }
        let one = &fitting[random.usize(0..fitting.len())];
        Some(match (random.u8(0..6), is_text) {
            (0, false) => format!("({one} + 1)"),
            (1, false) => format!("coalesce({one}, 2)"),
            (0, true) => format!("concat('x', substr({one}, 2))"),
            _ => one.clone(),
        })
    }

    /// A condition of WHERE that AND connects with others.
    pub(crate) fn condition(&self, random: &mut Rng) -> String {
        match random.u8(0..3) {
            0 => self.predicate(2, random),
            _ => self.predicate(1, random),
        }
    }

    /// A predicate of so many levels.
    pub(crate) fn predicate(&self, depth: usize, random: &mut Rng) -> String {
        if depth > 1 {
            let one = |random: &mut Rng| self.predicate(depth - 1, random);
            return match random.u8(0..6) {
                0 | 1 => format!("({} OR {})", one(random), one(random)),
                2 => format!("({} AND {})", one(random), one(random)),
                3 => format!("(NOT {})", one(random)),
                4 => format!("(({}) IS NOT TRUE)", one(random)),
                _ => format!("(({}) IS NULL)", one(random)),
            };
        }
        let (name, column) = self.column(random);
        let value = column.literal(random.i64(0..5));
        let is_field = column.role == Role::Field;
        match random.u8(0..14) {
            0 => format!("{name} <> {value}"),
            1 => format!("{name} IS NOT NULL"),
            2 => format!("{name} IS NULL"),
            3 if self.features.negations && !column.role.is_required() => {
                let more = if random.bool() { "NULL".to_owned() } else { column.literal(random.i64(0..5)) };
                format!("{name} NOT IN ({value}, {more})")
            }
            4 | 5 => self.exists(random),
            6..=10 => self.within(random),
            11 | 12 => {
                let op = ["=", "<", ">="][random.usize(0..3)];
                format!("{name} {op} {}", self.scalar(column.is_text, random.bool(), random))
            }
            _ if is_field => format!("{name} = {value}"),
            _ if !column.role.is_required() => format!("{name} > {value}"),
            _ => format!("{name} <> {value}"),
        }
    }

    /// A value of a type, of an aggregate.
    pub(crate) fn scalar(&self, is_text: bool, is_correlated: bool, random: &mut Rng) -> String {
        let inner = self.inner(is_correlated, false, random);
        let own: Vec<&Column> = inner.columns.iter().filter(|c| c.is_text == is_text).collect();
        match own.is_empty() {
            true if is_text => "'x1'".to_owned(),
            true => format!("(SELECT count(*) FROM {})", inner.from),
            false => {
                let column = &own[random.usize(0..own.len())].name;
                let function = ["max", "min"][random.usize(0..2)];
                format!("(SELECT {function}({}.{column}) FROM {})", inner.alias, inner.from)
            }
        }
    }

    /// A subquery of one column of a type, which names nothing of the rows around it.
    pub(crate) fn column_of_type(&self, is_text: bool, random: &mut Rng) -> String {
        let inner = self.inner(false, false, random);
        let own = inner.columns.iter().find(|c| c.is_text == is_text);
        let any = Column::new(String::new(), is_text, Role::Field).literal(1);
        let column = own.map_or(any, |c| format!("{}.{}", inner.alias, c.name));
        format!("(SELECT {column} FROM {})", inner.from)
    }

    fn exists(&self, random: &mut Rng) -> String {
        let inner = self.inner(true, true, random);
        let not = if random.bool() { "NOT " } else { "" };
        format!("{not}EXISTS (SELECT 1 FROM {})", inner.from)
    }

    /// IN and NOT IN, and what they are called otherwise.
    fn within(&self, random: &mut Rng) -> String {
        let is_aggregate = random.u8(0..6) == 0;
        let inner = self.inner(random.u8(0..3) == 0, !is_aggregate, random);
        let column = &inner.columns[random.usize(0..inner.columns.len())];
        let left = match random.u8(0..8) {
            0 => column.literal(random.i64(0..5)),
            _ => self.of_type(column.is_text, random).unwrap_or_else(|| column.literal(1)),
        };
        let gives = match is_aggregate {
            true => format!("max({}.{})", inner.alias, column.name),
            false => format!("{}.{}", inner.alias, column.name),
        };
        let rows = format!("(SELECT {gives} FROM {})", inner.from);
        // Pieces in two dialects do not stand in each other, so only the operators are such.
        match (random.u8(0..6), self.features.negations) {
            (0..=2, true) => format!("{left} NOT IN {rows}"),
            (3, true) => format!("{left} {} {rows}", both("<> ALL", "NOT IN")),
            (4, _) => format!("{left} {} {rows}", both("= ANY", "IN")),
            _ => format!("{left} IN {rows}"),
        }
    }

    /// A relation, its parameters given, sometimes by the rows around it.
    fn inner(&self, is_correlated: bool, by_anything: bool, random: &mut Rng) -> Inner {
        let mut source = Source::some("q", self.tables, self.features, random);
        let mut conditions = Vec::new();
        let mut is_open = is_correlated;
        for column in source.required() {
            let key = if is_open && random.bool() { self.of_type(column.is_text, random) } else { None };
            match key {
                Some(key) => {
                    is_open = false;
                    conditions.push(source.fed(&column, &key));
                }
                None => conditions.push(source.given(&column, random)),
            }
        }
        conditions.extend(source.scoped(&[], random));
        let columns = source.relation.columns.clone();
        let fields: Vec<&Column> = columns.iter().filter(|c| c.role == Role::Field).collect();
        let field = fields[random.usize(0..fields.len())];
        if is_open && let Some(key) = self.of_type(field.is_text, random) {
            let op = if by_anything && random.u8(0..4) == 0 { ">" } else { "=" };
            conditions.push(format!("q.{} {op} {key}", field.name));
        }
        if random.u8(0..4) == 0 {
            conditions.push(format!("q.{} <> {}", field.name, field.literal(random.i64(0..5))));
        }
        Inner { alias: "q", columns: columns.clone(), from: format!("{}{}", source.text(random), filter(&conditions)) }
    }
}
