use super::*;
use crate::auth::context::auth_contexts;

/// What a context comes to: the key and secret, `chain`, or the error's words.
fn check(context: &str, variables: &[(&str, &str)], expected: &str) {
    let contexts = auth_contexts(&format!("{{\"p\": {context}}}")).expect("valid");
    let environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let found = match contexts["p"].keys(&environment) {
        Ok(Some(c)) => format!("{} {} {}", c.access_key_id(), c.secret_access_key(), c.session_token().unwrap_or("-")),
        Ok(None) => "chain".to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(found.starts_with(expected), "{context}: {found}");
}

#[test]
fn keys_are_looked_up_in_order_and_never_fall_through() {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(&file, "filed\n").expect("written");
    let path = file.path().display().to_string();
    let all = [("K", "key"), ("S", "secret"), ("P", path.as_str())];
    check(r#"{"type": "aws_signing_v4"}"#, &all, "chain");
    check(r#"{"type": "t", "keyID": "k", "credentialsenvvar": "S"}"#, &all, "k secret -");
    check(r#"{"type": "t", "keyIDenvvar": "K", "credentialsfilepathenvvar": "P"}"#, &all, "key filed -");
    check(&format!(r#"{{"type": "t", "keyIDenvvar": "K", "credentialsfilepath": "{path}"}}"#), &all, "key filed -");
    check(
        r#"{"type": "t", "keyIDenvvar": "K", "credentialsenvvar": "S", "credentialsfilepathenvvar": "P"}"#,
        &all,
        "key secret -",
    );
    check(r#"{"type": "t", "api_key_var": "K", "api_secret_var": "S", "api_secret": "x"}"#, &all, "key secret -");
    check(r#"{"type": "t", "api_key": "a", "api_secret": "b"}"#, &[("AWS_SESSION_TOKEN", "st")], "a b st");
    for key in ["keyIDenvvar", "credentialsenvvar", "credentialsfilepathenvvar", "api_key_var", "api_secret_var"] {
        let context = format!(r#"{{"type": "t", "{key}": "NONE"}}"#);
        check(&context, &all, &format!("names the variable NONE by {key}, and {key} references empty string"));
        check(
            &context,
            &[("NONE", " ")],
            &format!("names the variable NONE by {key}, and {key} references empty string"),
        );
    }
    check(r#"{"type": "t", "keyID": "k"}"#, &all, "has a key id and no secret");
    check(r#"{"type": "t", "credentialsenvvar": "S"}"#, &all, "has a secret and no key id");
    check(
        r#"{"type": "t", "keyID": "k", "credentialsfilepath": "/none"}"#,
        &all,
        "cannot read the credentials file: open /none: no such file or directory",
    );
    check(r#"{"type": "t", "keyIdEnvVar": "K"}"#, &all, "names no credentials, and its key 'keyIdEnvVar' is not known");
}

#[test]
fn a_role_takes_its_names_from_variables() {
    let context = r#"{"p": {"type": "aws_assume_role", "aws_role_arn_env_var": "R", "aws_role_external_id_env_var": "X",
        "aws_sts_region": "eu-west-1", "aws_sts_endpoint": "http://sts", "aws_role_duration_seconds": 900}}"#;
    let contexts = auth_contexts(context).expect("valid");
    let environment: Environment = [("R", "arn:r"), ("X", "ext")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let role = Role {
        arn: "arn:r".into(),
        session_name: "stackql".into(),
        external_id: Some("ext".into()),
        region: Some("eu-west-1".into()),
        endpoint: Some("http://sts".into()),
        duration: Some(Duration::from_secs(900)),
    };
    assert_eq!(contexts["p"].role(&environment), Ok(role));
    assert!(contexts["p"].role(&Environment::new()).expect_err("unset").to_string().contains("aws_role_arn_env_var"));
    let none = auth_contexts("p: {type: aws_assume_role}").expect("YAML");
    assert!(none["p"].role(&environment).expect_err("no role").to_string().contains("names no role"));
}
