use super::*;
use crate::Environment;

/// Where credentials are from in an environment without files.
fn origin(variables: &[(&str, &str)]) -> Result<Origin, String> {
    let none = [("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none")];
    let all = variables.iter().chain(&none);
    let environment: Environment = all.map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Profile::load(&environment)?.origin()
}

#[test]
fn half_of_the_variables_is_an_error() {
    let error = origin(&[("AWS_ACCESS_KEY_ID", "K"), ("AWS_SECRET_ACCESS_KEY", " ")]).expect_err("half");
    assert!(error.starts_with("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"), "{error}");
    // A secret alone is nobody's, and names nobody.
    assert!(matches!(origin(&[("AWS_SECRET_ACCESS_KEY", "s")]), Ok(Origin::Surroundings)));
    assert!(matches!(origin(&[]), Ok(Origin::Surroundings)));
}

#[test]
fn a_token_without_a_role_is_an_error() {
    let error = origin(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")]).expect_err("no role");
    assert!(error.starts_with("AWS_WEB_IDENTITY_TOKEN_FILE: there is a token and no role"), "{error}");
    assert!(matches!(origin(&[("AWS_ROLE_ARN", "arn:r")]), Ok(Origin::Surroundings)));
    let both = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:r")];
    assert!(matches!(origin(&both), Ok(Origin::WebIdentity(web)) if web.token_file == "/token"));
}

#[test]
fn secrets_are_not_printed() {
    let keys = origin(&[("AWS_ACCESS_KEY_ID", "K"), ("AWS_SECRET_ACCESS_KEY", "hush")]).expect("keys");
    assert!(!format!("{keys:?}").contains("hush"));
}
