//! Names that are quoted are ours, or left.

use super::*;

#[test]
fn names_of_ours_are_in_lower_case() {
    for (statement, expected) in [
        (r#"UPDATE "Notes" SET "Note" = 'Note "Note"'"#, r#"UPDATE "notes" SET "note" = 'Note "Note"'"#),
        (r#"UPDATE Notes SET "Other" = $$"Note"$$ -- "Note""#, r#"UPDATE Notes SET "Other" = $$"Note"$$ -- "Note""#),
        (
            r#"SELECT 'it''s', E'\'"Note"', "Note" COLLATE "NOTE""#,
            r#"SELECT 'it''s', E'\'"Note"', "note" COLLATE "NOTE""#,
        ),
        (r#"DELETE FROM "A""B" WHERE "note" = 1"#, r#"DELETE FROM "a""b" WHERE "note" = 1"#),
        ("UPDATE \"Note", "UPDATE \"Note"),
    ] {
        assert_eq!(folded(statement, &["Notes", "note", "a\"B"]), expected);
    }
}

#[test]
fn a_statement_begins_with_a_word() {
    for (statement, word) in [("/* x */ update t", "UPDATE"), ("", ""), ("(SELECT 1)", "("), ("'", "")] {
        assert_eq!(first_word(statement), word);
    }
}
