//! What a process has of credentials and answers, and the statements that show it, change it and drop it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, response, xml};
use crate::stackql;

const VPCS: &str = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>";

/// What a script prints and says in a folder.
fn tell(home: &Path, url: &str, script: &str, flags: &[&str]) -> String {
    let mut run = stackql(&["exec", "-o", "csv", "--endpoint-url", url, script]);
    run.args(flags).env("AWS_ACCESS_KEY_ID", "AKIAFIRST").env("AWS_SECRET_ACCESS_KEY", "hush-1");
    run.env("OTHER_KEY", "AKIAOTHER").env("OTHER_SECRET", "hush-2");
    let output = run.env("HOME", home).current_dir(home).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    let told = format!("exit {code}\n-- stdout\n{}-- stderr\n{}", text(output.stdout), text(output.stderr));
    assert!(!told.contains("hush"), "{told}");
    told
}

#[test]
fn credentials_are_shown_changed_and_given_up() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let endpoint = Endpoint::start(move |request| {
        let key = request.split("Credential=").nth(1).and_then(|rest| rest.split('/').next());
        kept.lock().unwrap().push(key.unwrap_or_default().to_owned());
        xml(VPCS)
    });
    let home = tempfile::tempdir().unwrap();
    let script = "\
        SHOW AUTH aws; SELECT vpcId FROM aws.ec2.vpcs;
        SET \"$.auth.aws.type\" = 'aws_signing_v4'; SET \"$.auth.aws.keyIDenvvar\" = 'OTHER_KEY';
        SET SESSION \"$.auth.aws.credentialsenvvar\" = 'OTHER_SECRET';
        SHOW AUTH; SELECT vpcId FROM aws.ec2.vpcs; AUTH LOGIN aws;
        AUTH REVOKE aws; SELECT vpcId FROM aws.ec2.vpcs; SHOW AUTH aws; AUTH LOGIN aws; SELECT vpcId FROM aws.ec2.vpcs;
        SET \"$.auth.aws.api_kee\" = 'hush-3'; SET \"$.auth.aws.api_key\" = 'hush-4' 'hush-5'; SHOW \"$.auth.aws.api_key\";
        AUTH LOGIN nobody; SET \"$.auth.aws\" = 'hush'";
    assert_snapshot!(tell(home.path(), &endpoint.url, script, &["--read-only"]));
    assert_eq!(*seen.lock().unwrap(), ["AKIAFIRST", "AKIAOTHER", "AKIAOTHER"]);
}

#[test]
fn purge_drops_answers_that_are_kept() {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let endpoint = Endpoint::start(move |_| {
        asked.fetch_add(1, Ordering::SeqCst);
        xml(VPCS)
    });
    let home = tempfile::tempdir().unwrap();
    let select = "SELECT vpcId FROM aws.ec2.vpcs";
    let run = |script: &str| tell(home.path(), &endpoint.url, script, &["--cache-ttl", "1h", "--approot", "root"]);
    run(&format!("{select}; {select}"));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_snapshot!(run("PURGE ephemeral; PURGE nothing"));
    run(select);
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let kept = || walk(&home.path().join("root/answers"));
    assert_eq!(kept(), 1);
    run(&format!("{select}; PURGE; {select}"));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    // Also what another process kept.
    assert_snapshot!(run("PURGE cache"));
    assert_eq!(kept(), 0);
}

/// How many answers there are below a folder.
fn walk(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { usize::from(path.extension().is_some()) }).sum()
}

#[test]
fn rows_that_did_not_go_are_told_and_the_exit_code_is_that_of_a_part() {
    let endpoint = Endpoint::start(|request| match request {
        r if r.contains("10.2.") => response(
            "400 Bad Request",
            "<Response><Errors><Error><Code>VpcLimitExceeded</Code><Message>No more.</Message></Error></Errors></Response>",
        ),
        _ => xml("<CreateVpcResponse><vpc><vpcId>vpc-1</vpcId></vpc></CreateVpcResponse>"),
    });
    let home = tempfile::tempdir().unwrap();
    let script = "INSERT INTO aws.ec2.vpcs(CidrBlock) VALUES ('10.1.0.0/16'), ('10.2.0.0/16'), ('10.3.0.0/16')";
    assert_snapshot!(tell(home.path(), &endpoint.url, script, &[]));
    let script = format!("{script} RETURNING vpcId");
    assert_snapshot!(tell(home.path(), &endpoint.url, &script, &[]));
}

/// It would be somebody else's account otherwise.
#[cfg(unix)]
#[test]
fn a_profile_whose_name_is_not_text_is_not_taken_for_the_default() {
    use std::os::unix::ffi::OsStrExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let keys = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = hush\n";
    std::fs::write(home.path().join(".aws/credentials"), keys).unwrap();
    let endpoint = Endpoint::of_xml(VPCS);
    let mut run = stackql(&["exec", "--endpoint-url", &endpoint.url, "SELECT vpcId FROM aws.ec2.vpcs"]);
    run.env("HOME", home.path()).current_dir(home.path()).env("AWS_PROFILE", std::ffi::OsStr::from_bytes(b"\xe9quipe"));
    let output = run.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the AWS profile '\u{fffd}quipe', which AWS_PROFILE names, is not in"), "{told}");
}
