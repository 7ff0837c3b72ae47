use super::*;

fn policy() -> Retry {
    Retry {
        attempts: 4,
        first_wait: 100,
        factor: 3.0,
        longest_wait: 500,
        jitter: 0.0,
        http_methods: Vec::new(),
        statuses: Vec::new(),
    }
}

#[test]
fn waits_grow_to_the_longest() {
    let waits = |policy: &Retry| [1, 2, 3, 9].map(|made| wait(policy, made, 0.5).as_millis());
    assert_eq!(waits(&policy()), [100, 300, 500, 500]);
    assert_eq!(waits(&Retry { factor: 1.0, ..policy() }), [100, 100, 100, 100]);
    assert_eq!(waits(&Retry { factor: 0.5, ..policy() }), [100, 50, 25, 0]);
    assert_eq!(waits(&Retry { first_wait: 0, ..policy() }), [0, 0, 0, 0]);
}

#[test]
fn chance_moves_a_wait_both_ways_and_not_over_the_longest() {
    let some = Retry { jitter: 0.5, ..policy() };
    assert_eq!([0.0, 0.5, 1.0].map(|chance| wait(&some, 1, chance).as_millis()), [50, 100, 150]);
    assert_eq!(wait(&some, 3, 1.0).as_millis(), 500);
}

/// Numbers of a document are anyone's.
#[test]
fn no_number_is_too_strange() {
    for factor in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -2.0, 1e308] {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            for first_wait in [0, 1, u64::MAX] {
                let strange = Retry { factor, jitter, first_wait, ..policy() };
                for made in [0, 1, 2, u32::MAX] {
                    assert!(wait(&strange, made, 1.0) <= Duration::from_millis(500), "{strange:?} {made}");
                }
            }
        }
    }
}
