use super::*;

#[test]
fn waits_grow_by_half_up_to_ten_times_the_first() {
    let first = Duration::from_secs(1);
    let mut waits = vec![next_delay(first, None, None)];
    for _ in 0..8 {
        waits.push(next_delay(first, waits.last().copied(), None));
    }
    let seconds: Vec<f64> = waits.iter().map(Duration::as_secs_f64).collect();
    assert_eq!(seconds, [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10.0, 10.0, 10.0]);
}

#[test]
fn an_answer_says_how_long_to_wait_and_never_makes_it_faster_than_the_first() {
    let first = Duration::from_secs(1);
    for (asked, wait) in [(0, 1), (1, 1), (7, 7), (90, 90)] {
        let asked = Some(Duration::from_secs(asked));
        assert_eq!(next_delay(first, Some(first), asked), Duration::from_secs(wait));
    }
}

#[test]
fn work_is_awaited_only_where_something_changes() {
    let (none, awaits) = (Hints::default(), Hints { await_completion: true, ..Hints::default() });
    assert_eq!(WaitFor::from_hints(none, Verb::Insert, true), WaitFor::Response);
    assert_eq!(WaitFor::from_hints(awaits, Verb::Select, true), WaitFor::Response);
    assert_eq!(WaitFor::from_hints(awaits, Verb::Exec, false), WaitFor::Completion);
    assert_eq!(WaitFor::from_hints(awaits, Verb::Insert, true), WaitFor::Result);
}
