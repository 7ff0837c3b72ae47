use insta::assert_snapshot;

use super::parse;

fn check(text: &str) -> String {
    match parse(text) {
        Ok(statement) => format!("{statement:?}"),
        Err(error) => format!("{error}\n{}", error.marked(text)),
    }
}

#[test]
fn show() {
    let texts = ["SHOW EXTENDED METHODS IN aws.ec2.volumes LIKE '%Describe%'", "show services from aws;",
    "SHOW PROVIDERS", "SHOW RESOURCES IN aws.ec2 WHERE name = 'x'", "SHOW EXTENDED INSERT INTO aws.ec2.\"a.b\"", "SHOW VERSION", "SHOW TRANSACTION ISOLATION LEVEL", "SHOW search_path",
    "SHOW SERVICES IN aws.ec2", "SHOW RESOURCES", "SHOW", "SHOW METHODS IN", "DESCRIBE EXTENDED aws.ec2.volumes", "DESC METHOD EXTENDED a.b.c.d", "DESCRIBE method", "DESCRIBE METHOD a.b.c", "SHOW PROVIDERS extra",
    "EXEC /*+ AWAIT */ a.b.c.d @X='it''s', @Y=-1, @Z = 1.5, @F=true, @N=NULL @@json='{\"a\":1}'", "EXEC a.b.c.d", "EXEC a.b.c.d @x", "EXEC a.b.c.d @x=1, @x=2", "EXEC a.b.c.d @x=b", "EXEC a.b.c @x=b","EXEC a.b.c.d @x='a',",
    "USE aws", "SET SESSION \"$.auth.aws.type\" = 'x'", "SET search_path TO a, b", "SLEEP 10", "SLEEP x", "CREATE TABLE x (a int)", "SELCT 1", "", "SELECT a FORM b WHERE c", "SELECT 'abc", "SELECT 1 SELECT 2", "SELECT 1; SELECT 2", "select\n a,\n from", "UPDATE a.b.c SET x = 1, y = '2' WHERE z = 3 RETURNING *",
    "DELETE FROM a.b.c WHERE x = 1", "DELETE FROM a.b.c, d", "INSERT INTO a.b.c(X, \"Y\", `Z`) VALUES ('1', -2, NULL) RETURNING x AS y", "INSERT INTO a.b.c(x) SELECT 1", "INSERT INTO a.b.c(x)", "EXPLAIN ANALYZE SELECT 1",
    "SELECT a->>'b', `c` FROM x.y.z t, LATERAL (SELECT 1) u WHERE a->'b' = 1", "SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), count(*) FILTER (WHERE a) FROM t", "WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) INSERT INTO y SELECT 1", "VALUES (1), (2)", "BEGIN", "(SELECT 1) UNION (SELECT 2)"];
    for t in texts { eprintln!("{t}\n   => {}", check(t).chars().take(700).collect::<String>().replace('\n', "\n      ")); }
}
