//! Kinds of statements over an input of which a part is missing: whatever is made of the rows, it says so.

use std::thread;

use crate::api::{Sent, listen, response};
use crate::fleet::Page;
use crate::run;

/// Every machine there is, but those of one account, which is refused.
const MACHINES: &str = "(SELECT id, cores FROM fleet.compute.machines \
                        WHERE account IN ('a1', 'a2') AND region = 'r1')";

const SAID: &str =
    "  fleet.compute.machines: Forbidden: not yours (HTTP 403); it was for account = 'a2', region = 'r1'";

/// Runs a statement whose `MACHINES` are these, and expects its rows.
fn check(sql: &str, rows: &[&str]) {
    let port = listen(|target| match Page::from_target(target) {
        page if page.account == "a2" && page.machine.is_none() => {
            Sent::Whole(response("403 Forbidden", r#"{"message": "not yours"}"#))
        }
        page => Sent::Whole(page.response()),
    });
    let address = format!("--endpoint-url=http://127.0.0.1:{port}");
    let rows = rows.iter().map(|row| (*row).to_owned()).collect();
    let said = ["partial result, these failed:".to_owned(), SAID.to_owned()];
    run(&sql.replace("MACHINES", MACHINES), &[&address]).assert(3, rows, &said, sql);
}

#[test]
fn what_is_made_of_a_part_is_partial() {
    let statements: [(&str, &[&str]); 14] = [
        ("SELECT max(cores) FROM MACHINES m", &["3"]),
        ("SELECT cores, count(*) FROM MACHINES m GROUP BY cores HAVING cores > 1", &["2,1", "3,1"]),
        ("SELECT id FROM MACHINES m ORDER BY cores DESC LIMIT 1", &["a1-r1-3"]),
        ("SELECT DISTINCT cores FROM MACHINES m WHERE cores < 3", &["1", "2"]),
        ("SELECT id FROM MACHINES m WHERE cores > 99", &[]),
        ("SELECT 'none' WHERE NOT EXISTS (SELECT 1 FROM MACHINES m WHERE cores > 99)", &["none"]),
        ("SELECT 'some' WHERE EXISTS (SELECT 1 FROM MACHINES m WHERE cores > 99)", &[]),
        ("SELECT 4 WHERE 4 NOT IN (SELECT cores FROM MACHINES m)", &["4"]),
        ("SELECT (SELECT count(*) FROM MACHINES m) + 1", &["4"]),
        ("SELECT cores FROM MACHINES m UNION ALL SELECT 7", &["1", "2", "3", "7"]),
        ("SELECT 2 EXCEPT SELECT cores FROM MACHINES m", &[]),
        (
            "SELECT v.n, m.id FROM (VALUES (3), (4)) v(n) LEFT JOIN MACHINES m ON m.cores = v.n",
            &["3,a1-r1-3", "4,null"],
        ),
        ("WITH m AS MACHINES SELECT id FROM m WHERE cores = 3", &["a1-r1-3"]),
        (
            "SELECT count(*) FROM fleet.compute.disks WHERE machine IN (SELECT id FROM MACHINES m WHERE cores = 2)",
            &["3"],
        ),
    ];
    thread::scope(|scope| {
        for (sql, rows) in statements {
            scope.spawn(move || check(sql, rows));
        }
    });
}
