//! Materialized view in a file: the cost of storing rows compared with reading them from the API, and of reading them
//! back.

use std::time::Duration;

use super::fleet::lists::READINGS;
use super::{Measured, Stand, expect_rows, peak};

/// Runs the benchmark and prints the results.
pub(super) fn cached(stand: &Stand) -> Result<(), String> {
    let rows = READINGS.all_rows();
    let file = stand.workspace.target.join("bench").join("kept.db");
    for end in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{}{end}", file.display())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot remove {}{end}: {error}", file.display()));
            }
            _ => {}
        }
    }
    let backend = format!("--sqlBackend={{\"dsn\": \"file:{}\"}}", file.display());
    stand.fleet.answer_after(Duration::ZERO);
    stand.ask("CREATE MATERIALIZED VIEW kept AS SELECT id, level FROM fleet.run.readings", &[&backend])?;

    println!("\n{:<28}{:>12}{:>12}{:>8}", format!("{rows} rows kept"), "wall", "peak RSS", "calls");
    let all = format!("n\n{rows}\n");
    let reading = stand.ask("SELECT count(DISTINCT id) AS n FROM fleet.run.readings", &[])?;
    expect_rows("kept", &reading.0, &all)?;
    line("reading them", &reading.0, reading.1.len());
    let refresh = stand.ask("REFRESH MATERIALIZED VIEW kept", &[&backend])?;
    line("REFRESH", &refresh.0, refresh.1.len());
    let join = "SELECT count(*) AS n FROM kept a JOIN kept b ON b.id = a.id AND b.level = a.level";
    let joined = stand.ask(join, &[&backend])?;
    expect_rows("kept", &joined.0, &all)?;
    line("a join of them", &joined.0, joined.1.len());
    Ok(())
}

fn line(name: &str, measured: &Measured, calls: usize) {
    let wall = format!("{:.2} s", measured.wall.as_secs_f64());
    println!("  {name:<26}{wall:>12}{:>12}{calls:>8}", peak(measured));
}
