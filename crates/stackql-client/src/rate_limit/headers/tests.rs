use super::*;

/// An answer at 12:00:00 by the provider's clock, with these headers.
fn read(refused: bool, headers: &[(&str, &str)]) -> ServerLimits {
    let date = ("date", "Thu, 01 Jan 2026 12:00:00 GMT");
    let headers = headers.iter().chain([&date]).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    // Our own clock is far behind, and does not count.
    ServerLimits::from_headers(&Response { status: 200, headers, ..Response::default() }, refused, UNIX_EPOCH)
}

#[test]
fn the_remaining_count_and_its_end_are_read_in_all_their_forms() {
    let left = |remaining, seconds: Option<u64>| (Some(remaining), seconds.map(Duration::from_secs));
    // 12:00:30 of that day.
    let cases: &[(&[(&str, &str)], _)] = &[
        (
            &[("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "1767268830")],
            left(7, Some(30)),
        ),
        (&[("X-RateLimit-Remaining", "7"), ("X-RateLimit-Reset", "1767268830000")], left(7, Some(30))),
        (&[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "30")], left(0, Some(30))),
        (&[("ratelimit-remaining", "5, 100;w=60"), ("ratelimit-reset", "30")], left(5, Some(30))),
        (&[("ratelimit", "limit=100, remaining=50, reset=30")], left(50, Some(30))),
        (
            &[("ratelimit", "\"burst\";r=50;t=2, \"daily\";r=3;t=30"), ("ratelimit-policy", "\"burst\";q=100;w=2")],
            left(3, Some(30)),
        ),
        (&[("x-ms-ratelimit-remaining-subscription-reads", "11999")], left(11999, None)),
        (&[("x-ms-ratelimit-remaining-resource", "C/HighCost3Min;133,C/HighCost30Min;57")], left(57, None)),
        (&[("x-ratelimit-remaining", "9"), ("x-ms-ratelimit-remaining-tenant-reads", "2")], left(2, None)),
        (&[("x-ratelimit-remaining", "many"), ("x-ratelimit-reset", "30")], (None, None)),
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "soon")], left(1, None)),
        // The past, and numbers that are no time.
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1600000000")], left(1, Some(0))),
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "-5")], left(1, None)),
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "NaN")], left(1, None)),
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1e300")], left(1, None)),
        (&[("content-type", "text/plain")], (None, None)),
    ];
    for (headers, expected) in cases {
        let limits = read(false, headers);
        assert_eq!((limits.remaining, limits.reset), *expected, "{headers:?}");
    }
}

#[test]
fn how_long_to_wait_is_seconds_or_a_date_and_only_said_to_who_was_refused() {
    let cases = [
        ("30", Some(30)),
        (" 0 ", Some(0)),
        ("Thu, 01 Jan 2026 12:00:30 GMT", Some(30)),
        ("Thu, 01 Jan 2026 11:00:00 GMT", None),
        ("soon", None),
    ];
    for (value, expected) in cases {
        let headers = [("retry-after", value)];
        assert_eq!(read(true, &headers).retry_after, expected.map(Duration::from_secs), "{value}");
        assert_eq!(read(false, &headers).retry_after, None, "{value}");
    }
}
