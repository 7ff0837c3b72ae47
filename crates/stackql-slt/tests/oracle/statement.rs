//! A random query that can be answered: whatever a table asks for is given by a literal or by a relation beside it.

use fastrand::Rng;

use crate::features::Features;
use crate::predicates::Scope;
use crate::relations::{Relation, Source, filter};
use crate::tables::{Column, Role, Table};

/// A query in both dialects.
pub(crate) fn statement(tables: &[Table], features: &Features, random: &mut Rng) -> String {
    match random.u8(0..8) {
        0 => {
            let op = ["UNION ALL", "UNION", "INTERSECT", "EXCEPT"][random.usize(0..4)];
            let columns: Vec<bool> = (0..random.usize(1..3)).map(|_| random.u8(0..3) == 0).collect();
            let sides: Vec<String> = (0..2).map(|_| side(&columns, tables, features, random)).collect();
            format!("{} {op} {}", sides[0], sides[1])
        }
        _ => select(tables, features, random),
    }
}

/// One side of a set operation, with columns of these types.
fn side(types: &[bool], tables: &[Table], features: &Features, random: &mut Rng) -> String {
    let (from, conditions, relations) = joined(tables, features, random);
    let scope = Scope { relations: &relations, tables, features };
    let column = |(at, is_text): (usize, &bool)| {
        let any = Column::new(String::new(), *is_text, Role::Field);
        let expr = scope.of_type(*is_text, random).unwrap_or_else(|| any.literal(1));
        format!("{expr} AS o{at}")
    };
    let columns: Vec<String> = types.iter().enumerate().map(column).collect();
    format!("SELECT {} FROM {from}{}", columns.join(", "), filter(&conditions))
}

fn select(tables: &[Table], features: &Features, random: &mut Rng) -> String {
    let (from, mut conditions, relations) = joined(tables, features, random);
    let scope = Scope { relations: &relations, tables, features };
    for _ in 0..random.usize(0..3) {
        conditions.push(scope.condition(random));
    }
    let filter = filter(&conditions);
    let column = |random: &mut Rng| scope.column(random).0;
    match random.u8(0..9) {
        0 => format!("SELECT count(*) FROM {from}{filter}"),
        1 => {
            let group = column(random);
            format!("SELECT {group} AS g, count(*) AS n FROM {from}{filter} GROUP BY {group}")
        }
        2 => {
            let (a, b) = (column(random), column(random));
            format!("SELECT DISTINCT {a} AS a, {b} AS b FROM {from}{filter}")
        }
        3 => {
            let (group, (counted, of)) = (column(random), scope.column(random));
            let having = match random.u8(0..4) {
                0 => "count(*) > 1".to_owned(),
                1 => format!("max({counted}) >= {}", scope.scalar(of.is_text, false, random)),
                2 => format!("max({counted}) NOT IN {}", scope.column_of_type(of.is_text, random)),
                _ => format!("min({counted}) IS NOT NULL"),
            };
            format!("SELECT {group} AS g, max({counted}) AS m FROM {from}{filter} GROUP BY {group} HAVING {having}")
        }
        4 => {
            let predicate = scope.predicate(1, random);
            format!("SELECT count(*) FILTER (WHERE {predicate}) AS n, count(*) AS m FROM {from}{filter}")
        }
        _ => {
            let columns: Vec<String> =
                (0..random.usize(1..4)).map(|i| format!("{} AS o{i}", value(&scope, random))).collect();
            format!("SELECT {} FROM {from}{filter}", columns.join(", "))
        }
    }
}

/// What stands in the list of a SELECT.
fn value(scope: &Scope<'_>, random: &mut Rng) -> String {
    match random.u8(0..8) {
        0 => scope.scalar(random.u8(0..3) == 0, random.bool(), random),
        1 => {
            // Which of the three it is.
            let predicate = scope.predicate(1, random);
            format!("CASE WHEN {predicate} THEN 1 WHEN NOT ({predicate}) THEN 0 END")
        }
        2 => format!("CASE WHEN {} THEN 'yes' ELSE 'no' END", scope.predicate(2, random)),
        _ => scope.column(random).0,
    }
}

fn joined(tables: &[Table], features: &Features, random: &mut Rng) -> (String, Vec<String>, Vec<Relation>) {
    let (mut text, mut conditions) = (String::new(), Vec::new());
    let mut relations: Vec<Relation> = Vec::new();
    // Comma joins are written in any order: their conditions are in WHERE.
    let is_comma = random.bool();
    let mut parts = Vec::new();
    for i in 0..random.usize(1..=3) {
        let mut source = Source::some(&format!("r{i}"), tables, features, random);
        let kind = ["JOIN", "JOIN", "LEFT JOIN"][random.usize(0..3)];
        let is_first = relations.is_empty();
        let is_outer = !is_first && !is_comma && kind == "LEFT JOIN";
        let scope = Scope { relations: &relations, tables, features };
        let (mut on, mut beside) = (Vec::new(), Vec::new());
        for column in source.required() {
            let key = match is_first || random.u8(0..5) == 0 {
                true => None,
                false => scope.of_type(column.is_text, random),
            };
            match key {
                Some(key) => on.push(source.fed(&column, &key)),
                // What is asked of a relation that may be missing is no condition on the rows around it.
                None if is_outer && features.outer_parameters && random.u8(0..3) == 0 => {
                    beside.push(source.given(&column, random));
                }
                None => on.push(source.given(&column, random)),
            }
        }
        on.extend(source.scoped(&relations, random));
        if !is_first && (on.is_empty() || random.u8(0..4) == 0) {
            let fields: Vec<Column> =
                source.relation.columns.iter().filter(|c| c.role == Role::Field).cloned().collect();
            let own = &fields[random.usize(0..fields.len())];
            // A field whose parameter a literal gives is equal to what either says, for which the judge has no word.
            let is_plain = |key: &String| !relations.iter().any(|relation| relation.names_input(key));
            on.extend(scope.of_type(own.is_text, random).filter(is_plain).map(|key| source.fed(own, &key)));
        }
        let relation = source.text(random);
        if is_first || is_comma {
            conditions.extend(on);
            parts.push(relation);
        } else {
            if on.is_empty() {
                on.push("true".to_owned());
            }
            text.push_str(&format!(" {kind} {relation} ON {}", on.join(" AND ")));
        }
        conditions.extend(beside);
        relations.push(source.relation);
    }
    random.shuffle(&mut parts);
    let text = match is_comma {
        true => parts.join(", "),
        false => format!("{}{text}", parts.join(", ")),
    };
    (text, conditions, relations)
}
