use crate::journal::{At, Deed, End, Entry, Noted, Rollback, Undo};

use super::{History, State};

const FIRST: At = At { statement: 0, call: 0 };

fn begun() -> Vec<Entry> {
    let noted = Noted { text: String::new(), act: "insert".into(), table: "own".into(), settings: Vec::new() };
    let calls = Entry::Calls { statement: 0, calls: vec![Deed::Own, Deed::Own] };
    vec![Entry::Began { rollback: Rollback::Eager }, Entry::Statement(noted), calls]
}

fn check(more: &[Entry], state: &State, done: usize, doubtful: usize, to_undo: usize) {
    let history = History::of(&[begun().as_slice(), more].concat()).unwrap();
    assert_eq!(history.call(FIRST).unwrap().state, *state, "{more:?}");
    let counts = (history.done(), history.doubtful().count(), history.to_undo().count());
    assert_eq!(counts, (done, doubtful, to_undo), "{more:?}");
}

#[test]
fn a_call_is_as_far_as_its_last_entry_says() {
    let by_hand = Undo::ByHand("so".into());
    let (answered, why) = (Entry::Answered { at: FIRST, undo: by_hand.clone() }, String::new());
    let done = || State::Done(by_hand.clone());
    check(&[], &State::Open, 0, 0, 0);
    check(&[Entry::Sending(FIRST)], &State::Sent, 0, 1, 1);
    check(&[Entry::Sending(FIRST), Entry::Unanswered { at: FIRST, why: why.clone() }], &State::Sent, 0, 1, 1);
    check(&[Entry::Sending(FIRST), Entry::Refused { at: FIRST, why: why.clone() }], &State::Open, 0, 0, 0);
    check(std::slice::from_ref(&answered), &done(), 0, 0, 1);
    let second = Entry::Answered { at: At { statement: 0, call: 1 }, undo: Undo::Nothing };
    check(&[answered.clone(), second], &done(), 1, 0, 1);
    check(&[answered.clone(), Entry::Undoing(FIRST)], &State::Undoing(by_hand.clone()), 0, 1, 1);
    check(&[answered.clone(), Entry::Undoing(FIRST), Entry::NotUndone { at: FIRST, why }], &done(), 0, 0, 1);
    check(&[answered, Entry::Undoing(FIRST), Entry::Undone(FIRST)], &State::Undone, 0, 0, 0);
    check(&[Entry::Answered { at: FIRST, undo: Undo::Nothing }], &State::Done(Undo::Nothing), 0, 0, 0);
}

#[test]
fn what_undoes_goes_backwards() {
    let history = History::of(&begun()).unwrap();
    assert_eq!(history.backwards(), [At { statement: 0, call: 1 }, FIRST]);
}

#[test]
fn the_end_and_the_kind_are_known() {
    let history = History::of(&[begun(), vec![Entry::Ended { how: End::Abandoned }]].concat()).unwrap();
    assert_eq!((history.rollback, history.end), (Rollback::Eager, Some(End::Abandoned)));
}

#[test]
fn entries_about_nothing_are_refused() {
    for entry in [
        Entry::Sending(At { statement: 0, call: 2 }),
        Entry::Undone(At { statement: 1, call: 0 }),
        Entry::Calls { statement: 1, calls: Vec::new() },
    ] {
        assert!(History::of(&[begun(), vec![entry.clone()]].concat()).is_err(), "{entry:?}");
    }
}
