//! Random JSON is ordered as SQLite orders it.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;

use crate::engine::Engine;
use crate::sqlite;

fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-c]{0,3}",
        "-?[0-9]{1,3}(\\.[0-9]{1,2})?",
        Just("\\u0000b".to_owned()),
        Just("é\\n".to_owned()),
        Just("true".to_owned()),
    ];
    prop_oneof![
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        4 => (-20..120_i32).prop_map(|number| number.to_string()),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        2 => (9_007_199_254_740_990..9_007_199_254_740_996_i64).prop_map(|number| number.to_string()),
        2 => (-20.0..120.0_f64).prop_map(|number| format!("{number:.1}")),
        1 => (-1e18..1e19_f64).prop_map(|number| format!("{number:e}")),
        4 => text.prop_map(|text| format!("\"{text}\"")),
        1 => (0..20).prop_map(|number| format!("[{number}]")),
        1 => (0..20).prop_map(|number| format!("{{\"a\":{number}}}")),
    ]
}

#[test]
fn json_is_ordered_as_in_sqlite() {
    let (runtime, engine, sqlite) = (Runtime::new().unwrap(), Engine::new(), sqlite::open());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    let both = |line: &str| {
        let (ours, theirs) = (runtime.block_on(engine.ask(line)), sqlite::ask(&sqlite, line));
        prop_assert_eq!(ours, theirs, "{}", line);
        Ok(())
    };
    TestRunner::new(config)
        .run(&prop::collection::vec(value(), 0..24), |values| {
            let json = format!("[{}]", values.join(","));
            both(&format!("SELECT key FROM json_each('{json}') ORDER BY value NULLS FIRST, CAST(key AS BIGINT)"))?;
            let inner =
                format!("(SELECT key AS k, json_extract('{json}', fullkey) AS v FROM json_each('{json}')) AS s");
            both(&format!("SELECT k FROM {inner} ORDER BY v DESC NULLS LAST, CAST(k AS BIGINT)"))?;
            // Of values that are equal, either may be the least.
            both(&format!(
                "SELECT count(*) FROM {inner} WHERE v < (SELECT min(value) FROM json_each('{json}')) \
                 OR v > (SELECT max(value) FROM json_each('{json}'))"
            ))
        })
        .unwrap();
}
