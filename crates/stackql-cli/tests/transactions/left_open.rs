//! Sessions that end inside a transaction.

use crate::{BEFORE, EAGER, SCRIPT, World};

#[test]
fn what_was_queued_is_dropped() {
    let world = World::new();
    let run = world.run(&["exec", &SCRIPT.replace("; COMMIT", "")]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.said.ends_with("the transaction was not committed: of its 3 statements none was run\n"), "{run:?}");
    assert_eq!((world.api.wheels(), world.api.changes()), (BEFORE.map(str::to_owned).into(), 0));
    assert!(world.list().is_empty());
}

#[test]
fn what_ran_at_once_stays_and_can_be_undone() {
    let world = World::new();
    let run = world.run(&["exec", &SCRIPT.replace("; COMMIT", ""), EAGER]);
    let listed = world.listed();
    let said = format!(
        "the transaction was neither committed nor rolled back, and what it did stays; stackql txn undo {} undoes it\n",
        listed.id
    );
    assert!(run.code == 0 && run.said.ends_with(&said), "{run:?}");
    assert_eq!((listed.state.as_str(), listed.done), ("abandoned", 3));
    let refused = world.run(&["txn", "resume", &listed.id]);
    assert_eq!((refused.code, world.api.changes()), (1, 0), "{refused:?}");
    let undone = world.run(&["txn", "undo", &listed.id]);
    assert_eq!((undone.code, world.api.wheels()), (0, BEFORE.map(str::to_owned).into()), "{undone:?}");
}

#[test]
fn other_words_than_lazy_and_eager_are_refused() {
    let world = World::new();
    let run = world.run(&["exec", "BEGIN", r#"--session={"rollback_type": "keen"}"#]);
    assert!(run.code == 1 && run.said.contains("unknown variant `keen`, expected `lazy` or `eager`"), "{run:?}");
}
