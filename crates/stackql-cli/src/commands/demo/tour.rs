//! Parses the tour: a script whose comments are its narration and name the results to keep.

use std::collections::BTreeMap;

/// One statement of the tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step<'a> {
    /// Lines printed before the statement.
    pub(super) narration: Vec<&'a str>,
    /// Variable that is set from the first row of the result, and the column it is read from.
    pub(super) keep: Option<(&'a str, &'a str)>,
    /// Whether the statement is expected to fail.
    pub(super) fails: bool,
    /// The statement, with `${name}` as placeholders of variables.
    pub(super) statement: &'a str,
}

/// Parses the steps of a script. A comment followed by a blank line belongs to no statement.
pub(super) fn steps(script: &str) -> Vec<Step<'_>> {
    let mut end = 0;
    let mut steps = Vec::new();
    for piece in stackql_sql::split(script) {
        let above = script[end..piece.start].rsplit("\n\n").next().unwrap_or_default();
        let mut step = Step { narration: Vec::new(), keep: None, fails: false, statement: piece.text };
        for comment in above.lines().filter_map(|l| l.trim().strip_prefix("-- ")) {
            match comment.strip_prefix("keep ").and_then(|k| k.split_once(" = ")) {
                Some(keep) => step.keep = Some(keep),
                None if comment == "fails" => step.fails = true,
                None => step.narration.push(comment),
            }
        }
        steps.push(step);
        end = piece.start + piece.text.len();
    }
    steps
}

/// Substitutes variables in a statement.
pub(super) fn substitute_variables(statement: &str, kept: &BTreeMap<String, String>) -> String {
    kept.iter().fold(statement.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), &value.replace('\'', "''"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_narrate_keep_and_expect() {
        let script =
            "-- About the file.\n\n-- Make it.\n-- keep x = boxId\nINSERT a;\n-- fails\nSELECT '${x}';\nSELECT 2;";
        let steps = steps(script);
        assert_eq!(steps[0].narration, ["Make it."]);
        assert_eq!(steps[0].keep, Some(("x", "boxId")));
        assert!(!steps[0].fails && steps[1].fails && !steps[2].fails);
        let kept = BTreeMap::from([("x".to_owned(), "it's".to_owned())]);
        assert_eq!(substitute_variables(steps[1].statement, &kept), "SELECT 'it''s'");
    }

    #[test]
    fn the_tour_uses_only_what_it_kept_and_deletes_all_it_made() {
        let steps = steps(crate::commands::demo::TOUR);
        let mut kept = BTreeMap::new();
        for step in &steps {
            let statement = substitute_variables(step.statement, &kept);
            assert!(!statement.contains("${"), "{statement}");
            assert!(stackql_sql::parse(&statement).is_ok(), "{statement}");
            if let Some((name, _)) = step.keep {
                kept.insert(name.to_owned(), format!("id-of-{name}"));
            }
        }
        let deletes: Vec<_> = steps.iter().filter(|s| s.statement.starts_with("DELETE")).collect();
        assert_eq!(deletes.len(), kept.len());
        assert_eq!(steps.iter().filter(|s| s.fails).count(), 1);
    }
}
