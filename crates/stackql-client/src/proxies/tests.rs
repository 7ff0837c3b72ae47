use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// The proxy that a URL is asked through.
fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
    let proxies = Proxies::named(&environment(variables)).expect("sound")?;
    proxies.proxy_for(&Url::parse(url).expect("URL")).map(|url| url.host_str().expect("host").to_owned())
}

#[test]
fn variables_name_proxies_in_small_letters_or_capitals() {
    let one = |name, url| proxy(&[(name, "http://proxy:3128")], url).is_some();
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        assert!(one(name, "https://h"), "{name}");
    }
    assert!(one("HTTP_PROXY", "http://h") && !one("HTTP_PROXY", "https://h") && !one("HTTPS_PROXY", "http://h"));
    assert_eq!(proxy(&[("HTTPS_PROXY", "big"), ("https_proxy", "small")], "https://h").as_deref(), Some("small"));
    assert_eq!(proxy(&[("HTTPS_PROXY", "own"), ("ALL_PROXY", "all")], "https://h").as_deref(), Some("own"));
    assert_eq!(proxy(&[("HTTPS_PROXY", " ")], "https://h"), None);
    assert_eq!(proxy(&[("HTTP_PROXY", "p"), ("REQUEST_METHOD", "GET")], "http://h"), None);
    assert_eq!(proxy(&[("http_proxy", "p"), ("REQUEST_METHOD", "GET")], "http://h").as_deref(), Some("p"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
    for address in
        ["http://", "http://p:port", "socks5://p:1", "ftp://p", "http://us er:hush@p:99999", "://p", "http://[::1"]
    {
        for name in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
            let settings = Settings { environment: environment(&[(name, address)]), ..Settings::default() };
            let error = crate::Client::new(settings).expect_err(address).to_string();
            assert!(error.starts_with(name) && !error.contains("hush"), "{error}");
        }
    }
}

#[test]
fn hosts_without_a_proxy_are_those_of_curl_and_botocore() {
    let cases = [
        ("*", "http://10.0.0.1", true),
        (" * ", "https://example.com", true),
        ("*", "http://[::1]:9000", true),
        ("localhost,*", "http://10.0.0.1", false),
        ("", "http://h", false),
        ("10.0.0.1", "http://10.0.0.1:9000", true),
        ("10.0.0.1:9000", "http://10.0.0.1:9000", true),
        ("10.0.0.1:9000", "http://10.0.0.1:9001", false),
        ("10.0.0.0/8", "http://10.1.2.3", true),
        ("10.0.0.0/8", "http://11.1.2.3", false),
        ("10.0.0.1", "http://110.0.0.1", false),
        ("::1", "http://[::1]:9000", true),
        ("[::1]:9000", "http://[::1]:9000", true),
        ("fd00::/8", "http://[fd00::7]", true),
        ("example.com", "https://example.com", true),
        ("example.com", "https://API.example.com.", true),
        (".example.com", "https://api.example.com", true),
        ("a, EXAMPLE.com ,b", "https://api.example.com", true),
        ("a example.com", "https://example.com", true),
        ("example.com", "https://notexample.com", false),
        ("example.com:443", "https://example.com", true),
        ("example.com:80", "https://example.com", false),
        (".", "https://example.com", false),
        (",", "https://example.com", false),
    ];
    for (direct, url, expected) in cases {
        let found = proxy(&[("ALL_PROXY", "proxy"), ("NO_PROXY", direct)], url);
        assert_eq!(found.is_none(), expected, "{direct:?} {url}");
    }
    assert!(proxy(&[("ALL_PROXY", "proxy"), ("no_proxy", "h"), ("NO_PROXY", "i")], "http://h").is_none());
}
