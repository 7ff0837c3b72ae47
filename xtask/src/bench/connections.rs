//! Value of the connection pool: point calls through it, compared with one connection per call.

use super::mock::Mock;
use super::process::Program;
use super::secure::acceptor;
use super::{Stand, expect_rows};

const CALLS: u64 = 2000;
/// A certificate for 127.0.0.1 with its key and CA.
const CERTIFICATES: &str = "crates/stackql-postgres-server/testdata/tls";

/// Runs the benchmark and prints the results.
pub(super) fn connections(stand: &Stand) -> Result<(), String> {
    let Stand { workspace, program, mock: plain, .. } = stand;
    let certificates = workspace.root.join(CERTIFICATES);
    let secure = Mock::start_secure(acceptor(&certificates)?)?;
    let authority = certificates.join("ca.pem").display().to_string();
    let title = format!("{CALLS} point calls");
    println!("\n{title:<28}{:>12}{:>14}{:>12}{:>8}", "one pool", "connections", "one each", "ratio");
    for (name, mock) in [("plain", plain), ("over TLS", &secure)] {
        let arguments = ["--endpoint-url", mock.url(), "--tls.CABundle", &authority];
        let (pooled, connections) = measure(program, mock, &arguments, false)?;
        let (fresh, _) = measure(program, mock, &arguments, true)?;
        let [one_pool, one_each] = [pooled, fresh].map(|rate| format!("{rate:.0}/s"));
        println!("  {name:<26}{one_pool:>12}{connections:>14}{one_each:>12}{:>7.1}x", pooled / fresh);
    }
    Ok(())
}

/// Calls per second, and the number of connections.
fn measure(program: &Program, mock: &Mock, arguments: &[&str], is_each_its_own: bool) -> Result<(f64, u64), String> {
    let volumes: Vec<String> = (0..CALLS).map(|number| format!("'vol-{number:017x}'")).collect();
    let statement = format!(
        "SELECT count(DISTINCT volumeId) AS n FROM aws.ec2.volume_attribute \
         WHERE region = 'us-east-1' AND Attribute = 'autoEnableIO' AND VolumeId IN ({})",
        volumes.join(", ")
    );
    let arguments = [&["exec", &statement, "-o", "csv"], arguments].concat();
    mock.close_each(is_each_its_own);
    let (calls_before, connections_before) = (mock.calls(), mock.connections());
    let measured = program.run(&arguments)?;
    mock.close_each(false);
    expect_rows("point calls", &measured, &format!("n\n{CALLS}\n"))?;
    let (calls, connections) = (mock.calls() - calls_before, mock.connections() - connections_before);
    if calls != CALLS || (is_each_its_own && connections != CALLS) {
        return Err(format!("point calls: {calls} calls by {connections} connections, where {CALLS} calls were meant"));
    }
    Ok((CALLS as f64 / measured.wall.as_secs_f64(), connections))
}
