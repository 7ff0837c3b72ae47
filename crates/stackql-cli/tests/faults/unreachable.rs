//! A place at whose address nobody listens, beside one that answers.

use crate::api::{Sent, listen, nobody, response};
use crate::run;

/// The ports of a place that answers and of one that does not, and what is said of the latter.
fn places() -> (u16, u16, String) {
    let port = listen(|_| Sent::Whole(response("200 OK", r#"[{"id": "k1"}, {"id": "k2"}]"#)));
    let dead = nobody();
    let said = format!(
        "fleet.sites.racks: cannot connect to 127.0.0.1:{dead}: …; check the address, the network and the proxy"
    );
    (port, dead, said)
}

#[test]
fn alone() {
    let (_, dead, said) = places();
    let sql = format!("SELECT id FROM fleet.sites.racks WHERE port = '{dead}'");
    run(&sql, &[]).assert(1, Vec::new(), &[said], "list");
}

#[test]
fn among_others() {
    beside_one_that_answers("id", &["k1", "k2"]);
}

#[test]
fn counted_with_others() {
    beside_one_that_answers("count(*)", &["2"]);
}

fn beside_one_that_answers(what: &str, rows: &[&str]) {
    let (port, dead, said) = places();
    let said = [format!("  {said}; it was for port = '{dead}'"), "partial result, these failed:".to_owned()];
    let sql = format!("SELECT {what} FROM fleet.sites.racks WHERE port IN ('{port}', '{dead}')");
    run(&sql, &[]).assert(3, rows.iter().map(|row| (*row).to_owned()).collect(), &said, what);
}
