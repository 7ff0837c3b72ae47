//! The tour that a new user watches.

use super::stackql;

#[test]
fn the_demo_goes_through_and_leaves_nothing() {
    // The user's own settings stay out of it.
    let mut command = stackql(&["demo", "-o", "csv", "-H"]);
    command.env("AWS_PROFILE", "nosuch").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_REGION", "nowhere-1");
    let run = command.output().unwrap();
    let (out, err) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    assert_eq!(run.status.code(), Some(0), "{out}{err}");

    let rows: Vec<&str> = out.lines().collect();
    let wanted = [
        "-- This tour runs against an EC2 endpoint inside this process: nothing leaves this machine.",
        "traffic_mirror_sessions,aws.ec2.traffic_mirror_sessions",
        "virtualNetworkId,integer",
        "vpc-00000001,10.20.0.0/16,available",
        "eni-00000001,10.20.1.4,web server",
        "tmfr-00000001,ingress,100,accept",
        "us-east-1,tms-00000001,1,first look",
        "1,web server,10.20.1.4,packet collector,incoming TCP,accept",
        "eni-00000002,packet collector",
        "7,second look",
        "0,0,0,0,0",
        "traffic_mirror_session_Create,2,1",
    ];
    let places = wanted.map(|row| {
        let place = rows.iter().position(|r| *r == row);
        place.unwrap_or_else(|| panic!("no line {row} in:\n{out}"))
    });
    assert!(places.is_sorted(), "the steps are in order: {places:?}");
    assert!(out.contains("Filter.1.Name=session-number"), "{out}");

    let failures: Vec<&str> = err.lines().filter(|line| line.contains("(HTTP")).collect();
    let [failure] = failures[..] else { panic!("{err}") };
    assert!(failure.contains("InvalidParameterValue") && failure.contains("from 1 to 32766"), "{failure}");
    // One EXPLAIN, one EXEC and eight DELETEs.
    assert_eq!(err.matches("successfully").count(), 1 + 1 + 8, "{err}");
}
