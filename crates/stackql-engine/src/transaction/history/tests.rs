use super::{StepState, TransactionHistory};
use crate::journal::{Compensation, JournalEntry, RollbackMode, SagaStep, StatementRecord, StepId, TransactionEnd};

const FIRST: StepId = StepId { statement: 0, call: 0 };

fn begun() -> Vec<JournalEntry> {
    let noted =
        StatementRecord { text: String::new(), act: "insert".into(), table: "own".into(), settings: Vec::new() };
    let calls = JournalEntry::Calls { statement: 0, calls: vec![SagaStep::LocalChange, SagaStep::LocalChange] };
    vec![JournalEntry::Began { rollback: RollbackMode::Eager }, JournalEntry::Statement(noted), calls]
}

fn check(more: &[JournalEntry], state: &StepState, done: usize, doubtful: usize, to_undo: usize) {
    let history = TransactionHistory::from_entries(&[begun().as_slice(), more].concat()).unwrap();
    assert_eq!(history.call(FIRST).unwrap().state, *state, "{more:?}");
    let counts = (history.done(), history.in_doubt().count(), history.to_undo().count());
    assert_eq!(counts, (done, doubtful, to_undo), "{more:?}");
}

#[test]
fn a_call_is_as_far_as_its_last_entry_says() {
    let by_hand = Compensation::Manual("so".into());
    let (answered, why) = (JournalEntry::Answered { at: FIRST, undo: by_hand.clone() }, String::new());
    let done = || StepState::Done(by_hand.clone());
    check(&[], &StepState::Pending, 0, 0, 0);
    check(&[JournalEntry::Sending(FIRST)], &StepState::InDoubt, 0, 1, 1);
    check(
        &[JournalEntry::Sending(FIRST), JournalEntry::Unanswered { at: FIRST, why: why.clone() }],
        &StepState::InDoubt,
        0,
        1,
        1,
    );
    check(
        &[JournalEntry::Sending(FIRST), JournalEntry::Refused { at: FIRST, why: why.clone() }],
        &StepState::Pending,
        0,
        0,
        0,
    );
    check(std::slice::from_ref(&answered), &done(), 0, 0, 1);
    let second = JournalEntry::Answered { at: StepId { statement: 0, call: 1 }, undo: Compensation::None };
    check(&[answered.clone(), second], &done(), 1, 0, 1);
    check(&[answered.clone(), JournalEntry::Undoing(FIRST)], &StepState::Compensating(by_hand.clone()), 0, 1, 1);
    check(
        &[answered.clone(), JournalEntry::Undoing(FIRST), JournalEntry::NotUndone { at: FIRST, why }],
        &done(),
        0,
        0,
        1,
    );
    check(&[answered, JournalEntry::Undoing(FIRST), JournalEntry::Undone(FIRST)], &StepState::Compensated, 0, 0, 0);
    check(
        &[JournalEntry::Answered { at: FIRST, undo: Compensation::None }],
        &StepState::Done(Compensation::None),
        0,
        0,
        0,
    );
}

#[test]
fn what_undoes_goes_backwards() {
    let history = TransactionHistory::from_entries(&begun()).unwrap();
    assert_eq!(history.steps_reversed(), [StepId { statement: 0, call: 1 }, FIRST]);
}

#[test]
fn the_end_and_the_kind_are_known() {
    let history = TransactionHistory::from_entries(
        &[begun(), vec![JournalEntry::Ended { how: TransactionEnd::Abandoned }]].concat(),
    )
    .unwrap();
    assert_eq!((history.rollback, history.end), (RollbackMode::Eager, Some(TransactionEnd::Abandoned)));
}

#[test]
fn entries_about_nothing_are_refused() {
    for entry in [
        JournalEntry::Sending(StepId { statement: 0, call: 2 }),
        JournalEntry::Undone(StepId { statement: 1, call: 0 }),
        JournalEntry::Calls { statement: 1, calls: Vec::new() },
    ] {
        assert!(TransactionHistory::from_entries(&[begun(), vec![entry.clone()]].concat()).is_err(), "{entry:?}");
    }
}
