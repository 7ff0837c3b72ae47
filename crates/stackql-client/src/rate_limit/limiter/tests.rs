//! A pretended server, a paused clock, and workers that ask without pause.

use std::sync::Mutex;

use super::*;

fn key(name: &str) -> RateKey {
    RateKey { host: "h:443".into(), identity: CredentialHash::from_parts(&[name]), operation: "p.s.List".into() }
}

fn governor(settings: Settings) -> Arc<RateLimiter> {
    Arc::new(RateLimiter::new(&settings))
}

fn seconds(number: f64) -> Duration {
    Duration::from_secs_f64(number)
}

/// A server's bucket of tokens, and what became of the requests that came to it.
#[derive(Debug)]
struct Server {
    burst: f64,
    per_second: f64,
    /// How many times as long its answers take as those of a server nearby.
    distance: u32,
    state: Mutex<(f64, Instant)>,
    /// When requests came, in seconds from the start, and whether each was accepted.
    seen: Mutex<Vec<(f64, bool)>>,
    start: Instant,
}

impl Server {
    fn new(burst: f64, per_second: f64) -> Arc<Self> {
        Self::at(1, burst, per_second)
    }

    fn at(distance: u32, burst: f64, per_second: f64) -> Arc<Self> {
        let start = Instant::now();
        Arc::new(Self { burst, per_second, distance, state: Mutex::new((burst, start)), seen: Mutex::default(), start })
    }

    fn ask(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap();
        let tokens = (state.0 + (now - state.1).as_secs_f64() * self.per_second).min(self.burst);
        let accepted = tokens >= 1.0;
        *state = (if accepted { tokens - 1.0 } else { tokens }, now);
        self.seen.lock().unwrap().push(((now - self.start).as_secs_f64(), accepted));
        accepted
    }

    /// How many were accepted and how many throttled between two times.
    fn between(&self, from: f64, to: f64) -> (f64, usize) {
        let seen = self.seen.lock().unwrap();
        let seen: Vec<bool> =
            seen.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, accepted)| *accepted).collect();
        let accepted = seen.iter().filter(|accepted| **accepted).count();
        (accepted as f64, seen.len() - accepted)
    }
}

/// Asks `server` for ever, as the client does. An answer takes 40 to 80 ms, by turns, and more from afar.
async fn work(governor: Arc<RateLimiter>, key: RateKey, server: Arc<Server>) {
    for turn in 0_u64.. {
        let permit = governor.permit(&key).await.expect("nobody says that nothing is left");
        let way = Duration::from_millis(20 + turn * 7 % 20) * server.distance;
        tokio::time::sleep(way).await;
        let accepted = server.ask();
        tokio::time::sleep(way).await;
        let limits = ServerLimits::default();
        permit.finish(&if accepted { AttemptOutcome::Answered(limits) } else { AttemptOutcome::Throttled(limits) });
        if !accepted {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

/// Asks `server` for ever, which says when to come back: only the governor waits.
async fn work_as_told(governor: Arc<RateLimiter>, key: RateKey, server: Arc<Server>) {
    loop {
        let permit = governor.permit(&key).await.expect("nobody says that nothing is left");
        // Nothing happens in no time, not even where nobody waits.
        tokio::time::advance(Duration::from_micros(50)).await;
        let accepted = server.ask();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let refused = ServerLimits { retry_after: Some(seconds(1.0)), ..ServerLimits::default() };
        permit.finish(&if accepted {
            AttemptOutcome::Answered(ServerLimits::default())
        } else {
            AttemptOutcome::Throttled(refused)
        });
    }
}

async fn run(keys: &[RateKey], servers: &[Arc<Server>], settings: Settings, time: f64) {
    let governor = governor(settings);
    let mut workers = tokio::task::JoinSet::new();
    for (key, server) in keys.iter().zip(servers) {
        for _ in 0..16 {
            workers.spawn(work(Arc::clone(&governor), key.clone(), Arc::clone(server)));
        }
    }
    tokio::time::sleep(seconds(time)).await;
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_learned_in_ten_seconds_and_then_kept_without_being_throttled() {
    for per_second in [10.0, 20.0, 100.0] {
        let server = Server::new(5.0 * per_second, per_second);
        run(&[key("a")], &[Arc::clone(&server)], Settings::default(), 70.0).await;
        let (accepted, throttled) = server.between(10.0, 70.0);
        let share = accepted / (60.0 * per_second);
        assert_eq!(throttled, 0, "{per_second}/s, {share}");
        assert!(share >= 0.95, "{per_second}/s: {share}");
        let (_, before) = server.between(0.0, 10.0);
        assert!((1..300).contains(&before), "{per_second}/s: {before} were throttled at first");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_learned_from_a_server_that_says_when_to_come_back() {
    for per_second in [10.0, 20.0, 100.0] {
        let server = Server::new(5.0 * per_second, per_second);
        let governor = governor(Settings::default());
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..32 {
            workers.spawn(work_as_told(Arc::clone(&governor), key("a"), Arc::clone(&server)));
        }
        tokio::time::sleep(seconds(70.0)).await;
        let (accepted, throttled) = server.between(20.0, 70.0);
        let share = accepted / (50.0 * per_second);
        assert_eq!(throttled, 0, "{per_second}/s, {share}");
        assert!(share >= 0.95, "{per_second}/s: {share}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_a_server_far_away_takes_longer_to_learn_and_is_kept_as_well() {
    let server = Server::at(10, 100.0, 20.0);
    run(&[key("a")], &[Arc::clone(&server)], Settings::default(), 120.0).await;
    let (accepted, throttled) = server.between(60.0, 120.0);
    assert_eq!(throttled, 0, "{accepted}");
    assert!(accepted >= 0.95 * 1200.0, "{accepted}");
}

#[tokio::test(start_paused = true)]
async fn many_accounts_share_a_host_and_each_has_its_rate() {
    let keys: Vec<RateKey> = (0..30).map(|account| key(&account.to_string())).collect();
    let servers: Vec<_> = keys.iter().map(|_| Server::new(100.0, 20.0)).collect();
    run(&keys, &servers, Settings { concurrency_limit: 64, ..Settings::default() }, 85.0).await;
    let (accepted, throttled) = servers
        .iter()
        .map(|server| server.between(45.0, 85.0))
        .fold((0.0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let share = accepted / (40.0 * 20.0 * 30.0);
    assert_eq!(throttled, 0, "{share}");
    assert!(share >= 0.95, "{share}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_has_fallen_or_risen_is_learned_anew() {
    let (slow, fast) = (Server::new(100.0, 10.0), Server::new(100.0, 40.0));
    let governor = governor(Settings::default());
    let ask = async |server: &Arc<Server>, time: f64| {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            workers.spawn(work(Arc::clone(&governor), key("a"), Arc::clone(server)));
        }
        tokio::time::sleep(seconds(time)).await;
    };
    ask(&fast, 60.0).await;
    ask(&slow, 60.0).await;
    let (accepted, throttled) = slow.between(90.0, 120.0);
    assert_eq!(throttled, 0, "{accepted}");
    assert!(accepted >= 0.95 * 300.0, "{accepted}");
    // What was learned stands for a while, and then more is tried.
    ask(&fast, 360.0).await;
    let (accepted, _) = fast.between(420.0, 480.0);
    assert!(accepted >= 0.9 * 40.0 * 60.0, "{accepted}");
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_holds_for_the_whole_key_and_no_other() {
    let governor = governor(Settings::default());
    let throttle = async |limits: ServerLimits| {
        governor.permit(&key("a")).await.unwrap().finish(&AttemptOutcome::Throttled(limits));
        let other = governor.permit(&key("b")).await.unwrap();
        assert_eq!(other.waited, Duration::ZERO);
        governor.permit(&key("a")).await.map(|permit| permit.waited.as_secs())
    };
    let retry_after = |wait| ServerLimits { retry_after: Some(seconds(wait)), ..ServerLimits::default() };
    let nothing_left = |reset| ServerLimits { remaining: Some(0), reset: Some(seconds(reset)), retry_after: None };
    assert_eq!(throttle(retry_after(7.0)).await, Ok(7));
    assert_eq!(throttle(nothing_left(9.0)).await, Ok(9));
    assert_eq!(throttle(nothing_left(299.0)).await, Ok(299));
    let before = Instant::now();
    assert_eq!(throttle(nothing_left(301.0)).await, Err(QuotaExhausted { left: seconds(301.0) }));
    assert_eq!(before.elapsed(), Duration::ZERO);
    tokio::time::sleep(seconds(301.0)).await;
    assert_eq!(throttle(retry_after(301.0)).await, Err(QuotaExhausted { left: seconds(301.0) }));
    let nobody_says_until_when =
        AttemptOutcome::Answered(ServerLimits { remaining: Some(0), ..ServerLimits::default() });
    governor.permit(&key("c")).await.unwrap().finish(&nobody_says_until_when);
    assert_eq!(governor.permit(&key("c")).await.unwrap().waited, seconds(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_window_lets_through_what_is_left_of_it_whatever_is_in_flight() {
    let governor = governor(Settings::default());
    let window = |left| {
        AttemptOutcome::Answered(ServerLimits { remaining: Some(left), reset: Some(seconds(10.0)), retry_after: None })
    };
    governor.permit(&key("a")).await.unwrap().finish(&window(3));
    let (first, second) = (governor.permit(&key("a")).await.unwrap(), governor.permit(&key("a")).await.unwrap());
    // The answer to the first was made before the second came.
    first.finish(&window(2));
    assert_eq!(governor.permit(&key("a")).await.unwrap().waited, Duration::ZERO);
    second.finish(&window(1));
    assert_eq!(governor.permit(&key("a")).await.unwrap().waited, seconds(10.0));
    assert_eq!(
        governor.permit(&key("a")).await.unwrap().waited,
        Duration::ZERO,
        "a new window, of which nothing is known"
    );
}

#[tokio::test(start_paused = true)]
async fn places_are_bounded_by_host_and_altogether_and_free_when_dropped() {
    let governor = governor(Settings { concurrency_limit: 2, total_concurrency_limit: 3, ..Settings::default() });
    let at = |host: &str| RateKey { host: host.into(), ..key("a") };
    let permit = async |host: &str| {
        tokio::time::timeout(seconds(1.0), governor.permit(&at(host))).await.map(Result::unwrap).ok()
    };
    let (first, second) = (permit("h").await.expect("free"), permit("h").await.expect("free"));
    assert!(permit("h").await.is_none(), "the host is full");
    let third = permit("i").await.expect("another host");
    assert!(permit("j").await.is_none(), "all places are taken");
    drop(third);
    // A wait that was given up holds nothing.
    let full = at("h");
    let (mut waiting, mut behind) = (Box::pin(governor.permit(&full)), Box::pin(governor.permit(&full)));
    assert!(futures::poll!(&mut waiting).is_pending() && futures::poll!(&mut behind).is_pending());
    drop(first);
    drop(waiting);
    let fourth = behind.await.expect("the place of the first");
    drop((second, fourth));
    assert!(permit("h").await.is_some() && permit("i").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_host_gets_fewer_at_once_and_more_again_when_it_does_well() {
    let governor = governor(Settings { concurrency_limit: 8, ..Settings::default() });
    let fill = async || {
        let mut permits = Vec::new();
        while let Ok(permit) = tokio::time::timeout(seconds(0.1), governor.permit(&key("a"))).await {
            permits.push(permit.unwrap());
        }
        permits
    };
    let answer = async |permits: Vec<Permit>, latency: f64| {
        tokio::time::sleep(seconds(latency)).await;
        permits.into_iter().for_each(|permit| permit.finish(&AttemptOutcome::Answered(ServerLimits::default())));
    };
    let all = fill().await;
    assert_eq!(all.len(), 8);
    all.into_iter().for_each(|permit| permit.finish(&AttemptOutcome::TimedOut));
    let fewer = fill().await;
    assert_eq!(fewer.len(), 4, "halved once for all that were in flight");
    answer(fewer, 0.1).await;
    for _ in 0..10 {
        answer(fill().await, 0.1).await;
    }
    let all = fill().await;
    assert_eq!(all.len(), 8);
    answer(all, 30.0).await;
    assert_eq!(fill().await.len(), 4, "much slower than it was");
}
