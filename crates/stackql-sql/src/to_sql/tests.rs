use proptest::prelude::*;

use crate::{Statement, parse};

fn check(text: &str) -> String {
    let statement = parse(text).unwrap();
    let written = statement.to_sql().unwrap();
    assert_eq!(parse(&written).as_ref(), Ok(&statement), "{text} was written as {written}");
    written
}

#[test]
fn what_is_written_reads_as_the_same() {
    for text in [
        "insert into a.b.c(x, \"Y\") values (1, 'it''s'), (NULL, JSON('{\"a\": [1]}'))",
        "INSERT /*+ AWAIT LOOKUP */ INTO a.b.\"c.d\" (x, data__y) SELECT s.x, 'z' || s.y FROM e.f.g s WHERE s.r = 1.50 RETURNING x, y AS z",
        "INSERT INTO own SELECT * FROM a.b.c ORDER BY 1 LIMIT 3",
        "UPDATE a.b.c SET x = 1, data__y = 'b' WHERE region = 'r' AND id IN ('1', '2') RETURNING *",
        "UPDATE a.b.c SET \"select\" = NULL",
        "DELETE FROM a.b.c WHERE id = 'x' OR n < -3",
        "INSERT INTO a.b.c DEFAULT VALUES RETURNING x",
        "INSERT INTO a.b.c(x) SELECT e.x FROM (EXEC f.g.h.i @s = 'it''s', @n = -1, @@json = '{\"q\": 1}') AS e",
        "REPLACE INTO a.b.c(x) VALUES (1)",
        "REPLACE /*+ AWAIT */ INTO a.b.c SET x = 1 WHERE id = 'x' RETURNING *",
        "EXEC a.b.c.d",
        "EXEC /*+ AWAIT SHOWRESULTS */ a.b.c.d @x = 'a''b', @n = -1, @f = 2.0, @b = true, @z = NULL, @@json = '{\"q\": 1}'",
    ] {
        check(text);
    }
}

#[test]
fn what_changes_nothing_is_not_written() {
    assert_eq!(parse("SELECT 1").unwrap().to_sql(), None);
    assert_eq!(Statement::Begin.to_sql(), None);
}

proptest! {
    #[test]
    fn any_text_and_number_keeps_its_value(word in "\\PC*", whole in any::<i64>(), number in -1e15f64..1e15) {
        let quoted = word.replace('\'', "''");
        check(&format!("EXEC a.b.c.d @t = '{quoted}', @w = {whole}, @n = {number:?}"));
        check(&format!("INSERT INTO a.b.c(t, n) VALUES ('{quoted}', {number:?})"));
        check(&format!("UPDATE a.b.c SET t = '{quoted}' WHERE n = {whole}"));
    }
}
