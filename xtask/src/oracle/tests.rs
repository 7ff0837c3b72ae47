use super::*;

#[test]
fn arguments_are_read() {
    assert_eq!(OracleOptions::parse(&[]), Ok(OracleOptions { seed: 0, count: 5000 }));
    assert_eq!(OracleOptions::parse(&["--count", "9", "--seed", "7"]), Ok(OracleOptions { seed: 7, count: 9 }));
    assert!(OracleOptions::parse(&["--seed"]).is_err());
    assert!(OracleOptions::parse(&["--seed", "x"]).is_err());
}
