//! A random query that can be answered: whatever a table asks for is given by a literal or by a relation beside it.

use fastrand::Rng;

use crate::tables::{Column, Table};

/// Relations of a FROM clause so far.
struct From<'a> {
    text: String,
    relations: Vec<(String, &'a Table)>,
    conditions: Vec<String>,
    /// Relations whose columns may be NULL because an outer join found nothing.
    nullable: Vec<String>,
}

pub(crate) fn statement(tables: &[Table], random: &mut Rng) -> String {
    let (from, mut conditions, names) = joined(tables, random);
    for _ in 0..random.usize(0..3) {
        let (alias, table) = &names[random.usize(0..names.len())];
        conditions.push(predicate(alias, table, tables, random));
    }
    let column = |random: &mut Rng| {
        let (alias, table) = &names[random.usize(0..names.len())];
        format!("{alias}.{}", table.columns[random.usize(0..table.columns.len())].name)
    };
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    match random.u8(0..6) {
        0 => format!("SELECT count(*) FROM {from}{filter}"),
        1 => {
            let group = column(random);
            format!("SELECT {group} AS g, count(*) AS n FROM {from}{filter} GROUP BY {group}")
        }
        2 => {
            let (a, b) = (column(random), column(random));
            format!("SELECT DISTINCT {a} AS a, {b} AS b FROM {from}{filter}")
        }
        _ => {
            let columns: Vec<String> = (0..random.usize(1..4)).map(|i| format!("{} AS o{i}", column(random))).collect();
            format!("SELECT {} FROM {from}{filter}", columns.join(", "))
        }
    }
}

fn joined<'a>(tables: &'a [Table], random: &mut Rng) -> (String, Vec<String>, Vec<(String, &'a Table)>) {
    let mut from = From { text: String::new(), relations: Vec::new(), conditions: Vec::new(), nullable: Vec::new() };
    let count = random.usize(1..=3).min(tables.len() + 1);
    // Comma joins are written in any order: their conditions are in WHERE.
    let is_comma = random.bool();
    let mut parts = Vec::new();
    for i in 0..count {
        let (alias, table) = (format!("r{i}"), &tables[random.usize(0..tables.len())]);
        let mut on = Vec::new();
        for column in table.required() {
            let given = match from.relations.is_empty() || random.u8(0..5) == 0 {
                true => None,
                false => key(&from, column, random),
            };
            on.push(match given {
                Some(key) => format!("{alias}.{} = {key}", column.name),
                None => given_by_literal(&alias, column, random),
            });
        }
        if i > 0 && (on.is_empty() || random.u8(0..4) == 0) {
            let own = &table.columns[random.usize(0..table.columns.len())];
            on.extend(key(&from, own, random).map(|key| format!("{alias}.{} = {key}", own.name)));
        }
        let relation = relation(&alias, table, random);
        if i == 0 || is_comma {
            from.conditions.extend(on);
            parts.push(relation);
        } else {
            let kind = if random.u8(0..3) == 0 { "LEFT JOIN" } else { "JOIN" };
            if on.is_empty() {
                on.push("true".to_owned());
            }
            if kind == "LEFT JOIN" {
                from.nullable.push(alias.clone());
            }
            from.text.push_str(&format!(" {kind} {relation} ON {}", on.join(" AND ")));
        }
        from.relations.push((alias, table));
    }
    random.shuffle(&mut parts);
    let text = match is_comma {
        true => parts.join(", "),
        false => format!("{}{}", parts.join(", "), from.text),
    };
    (text, from.conditions, from.relations)
}

/// A table by its alias, sometimes behind a subquery.
fn relation(alias: &str, table: &Table, random: &mut Rng) -> String {
    match random.u8(0..6) {
        0 => {
            let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            format!("(SELECT {} FROM mock.s.{}) {alias}", columns.join(", "), table.name)
        }
        1 => {
            let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            let columns = columns.join(", ");
            format!("(SELECT {columns} FROM mock.s.{} GROUP BY {columns}) {alias}", table.name)
        }
        _ => format!("mock.s.{} {alias}", table.name),
    }
}

/// An expression over the relations so far that has the type of `column`.
fn key(from: &From<'_>, column: &Column, random: &mut Rng) -> Option<String> {
    let all = from.relations.iter().flat_map(|(alias, table)| table.columns.iter().map(move |c| (alias, c)));
    let fitting: Vec<String> =
        all.filter(|(_, c)| c.is_text == column.is_text).map(|(alias, c)| format!("{alias}.{}", c.name)).collect();
    if fitting.is_empty() {
        return None;
    }
    let one = &fitting[random.usize(0..fitting.len())];
    Some(match (random.u8(0..6), column.is_text) {
        (0, false) => format!("({one} + 1)"),
        (1, false) => format!("coalesce({one}, 2)"),
        (0, true) => format!("concat('x', substr({one}, 2))"),
        _ => one.clone(),
    })
}

fn literal(column: &Column, random: &mut Rng) -> String {
    let n = random.i64(0..5);
    if column.is_text { format!("'x{n}'") } else { n.to_string() }
}

fn given_by_literal(alias: &str, column: &Column, random: &mut Rng) -> String {
    let name = format!("{alias}.{}", column.name);
    let (a, b, c) = (literal(column, random), literal(column, random), literal(column, random));
    match random.u8(0..4) {
        0 => format!("{name} IN ({a}, {b}, {c})"),
        1 => format!("({name} = {a} OR {name} = {b})"),
        2 if !column.is_text => format!("{name} BETWEEN {a} AND {a} + 2"),
        _ => format!("{name} = {a}"),
    }
}

/// A condition that may be false of anything: comparisons, lists, and subqueries of all kinds.
fn predicate(alias: &str, table: &Table, tables: &[Table], random: &mut Rng) -> String {
    let column = &table.columns[random.usize(0..table.columns.len())];
    let name = format!("{alias}.{}", column.name);
    let value = literal(column, random);
    let inner = &tables[random.usize(0..tables.len())];
    let mut given: Vec<String> = inner.required().map(|c| given_by_literal("q", c, random)).collect();
    let of_inner: Vec<&Column> = inner.columns.iter().filter(|c| c.is_text == column.is_text).collect();
    match random.u8(0..8) {
        0 => format!("{name} <> {value}"),
        1 => format!("{name} IS NOT NULL"),
        2 | 3 if !of_inner.is_empty() => {
            let own = &of_inner[random.usize(0..of_inner.len())].name;
            // What the subquery asks for may come from the row it is asked for.
            given.retain(|g| !g.contains(&format!("q.{own} ")));
            given.push(format!("q.{own} = {name}"));
            let not = if random.bool() { "NOT " } else { "" };
            format!("{not}EXISTS (SELECT 1 FROM mock.s.{} q WHERE {})", inner.name, given.join(" AND "))
        }
        4 if !of_inner.is_empty() => {
            let own = &of_inner[random.usize(0..of_inner.len())].name;
            let filter = if given.is_empty() { String::new() } else { format!(" WHERE {}", given.join(" AND ")) };
            format!("{name} IN (SELECT q.{own} FROM mock.s.{} q{filter})", inner.name)
        }
        5 if !of_inner.is_empty() => {
            let own = &of_inner[random.usize(0..of_inner.len())].name;
            let filter = if given.is_empty() { String::new() } else { format!(" WHERE {}", given.join(" AND ")) };
            format!("{name} = (SELECT max(q.{own}) FROM mock.s.{} q{filter})", inner.name)
        }
        _ => format!("{name} = {value}"),
    }
}
