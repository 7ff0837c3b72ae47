//! Expands `*` into the columns that it means: without hidden columns, and with the columns of USING only once.

use datafusion::sql::sqlparser::ast::{
    JoinConstraint, JoinOperator, Select, SelectItem, SelectItemQualifiedWildcardKind,
};
use stackql_functions::constraint_mut;
use stackql_provider::names::{NameMatch, match_name};

use super::names::{object_name, quoted};
use super::relation::Relation;

/// Replaces `*` by the visible columns of each relation, where a relation has hidden or reordered columns, or where the columns
/// of all are known and `*` is not the only item. A relation with unknown columns gets a qualified `*`. A `*` with an option
/// such as EXCLUDE stays.
pub(crate) fn expand(select: &mut Select, relations: &[Relation]) {
    let merged = merged(select, relations);
    let known = relations.iter().all(|r| !r.opaque && !r.qualifier.is_empty());
    let items = std::mem::take(&mut select.projection);
    let alone = items.len() == 1;
    for item in items {
        match &item {
            SelectItem::Wildcard(options)
                if (relations.iter().any(Relation::is_partial) || known && !alone)
                    && options.opt_exclude.is_none()
                    && options.opt_except.is_none()
                    && options.opt_replace.is_none()
                    && options.opt_rename.is_none() =>
            {
                for (at, relation) in relations.iter().enumerate() {
                    if !relation.opaque && !relation.qualifier.is_empty() {
                        let once =
                            |name: &str| !relations[..at].iter().any(|r| merged.iter().any(|m| m == name && r.has(m)));
                        select.projection.extend(relation.visible_items(once));
                    } else {
                        let name = object_name(&relation.qualifier);
                        let kind = SelectItemQualifiedWildcardKind::ObjectName(name);
                        select.projection.push(SelectItem::QualifiedWildcard(kind, options.clone()));
                    }
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let words: Vec<String> = name.0.iter().map(ToString::to_string).collect();
                let words: Vec<&str> = words.iter().map(|w| w.trim_matches(['"', '`'])).collect();
                match relations.iter().find(|r| r.is_called(&words) && r.is_spelled_out()) {
                    Some(relation) => select.projection.extend(relation.visible_items(|_| true)),
                    None => select.projection.push(item),
                }
            }
            _ => select.projection.push(item),
        }
    }
}

/// Resolves the columns of USING to catalog spelling; returns those whose value is that of the left side.
fn merged(select: &mut Select, relations: &[Relation]) -> Vec<String> {
    let mut merged = Vec::new();
    for join in select.from.iter_mut().flat_map(|f| &mut f.joins) {
        let left_decides = matches!(
            join.join_operator,
            JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::Left(_) | JoinOperator::LeftOuter(_)
        );
        let Some(JoinConstraint::Using(columns)) = constraint_mut(&mut join.join_operator) else { continue };
        for column in columns {
            let Some(ident) = column.0.last().and_then(|p| p.as_ident()) else { continue };
            let found = relations.iter().find_map(|r| match match_name(&ident.value, r.names()) {
                NameMatch::One(own) => Some(own.to_owned()),
                _ => None,
            });
            let Some(own) = found else { continue };
            column.0 = vec![datafusion::sql::sqlparser::ast::ObjectNamePart::Identifier(quoted(&own))];
            if left_decides {
                merged.push(own);
            }
        }
    }
    merged
}
