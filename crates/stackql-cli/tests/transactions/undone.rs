//! Transactions that are undone, also by a process that is killed over it.

use crate::api::{EVER, When};
use crate::{AFTER, BEFORE, CHANGES, EAGER, SCRIPT, World, doubtful};

/// What stands when only this change is done.
fn stands(change: Option<usize>) -> Vec<String> {
    let mut all: Vec<String> = BEFORE.map(str::to_owned).into();
    match change {
        None => {}
        Some(0) => all.push("north a".to_owned()),
        Some(1) => all.push("north b".to_owned()),
        Some(2) => all.retain(|wheel| wheel != "north old"),
        Some(_) => all.push("north old2".to_owned()),
    }
    all.sort();
    all
}

/// What is killed anywhere is undone, but for the change of which nobody knows.
fn undoes(script: &str, flags: &[&str]) {
    for at in 0..CHANGES {
        for when in EVER {
            let world = World::new();
            world.killed(&[&["exec", script], flags].concat(), at, when);
            let doubt = doubtful(&world.entries());
            let run = world.run(&["txn", "undo", &world.listed().id]);
            let Some(call) = doubt else {
                assert_eq!((run.code, run.said.as_str()), (0, "Rollback OK\n"), "{at} {when:?}");
                assert_eq!(world.api.wheels(), BEFORE, "{at} {when:?}");
                assert_eq!(world.listed().state, "rolled back");
                continue;
            };
            let is_done = call == at && when != When::Asked;
            assert_eq!(world.api.wheels(), stands(is_done.then_some(call)), "{at} {when:?}");
            assert_eq!(run.code, 1, "{at} {when:?}: {run:?}");
            let required = "it was sent, and whether it was carried out is not known";
            assert!(run.said.starts_with("error: Rollback failed\nUNDO required: Undo the "), "{run:?}");
            assert!(run.said.contains(required), "{run:?}");
        }
    }
}

#[test]
fn a_commit_that_is_killed_anywhere_can_be_undone() {
    undoes(SCRIPT, &[]);
}

#[test]
fn statements_that_ran_at_once_can_be_undone_after_a_kill() {
    undoes(SCRIPT, &[EAGER]);
}

#[test]
fn undoing_that_is_killed_anywhere_can_be_gone_on_with() {
    for at in 0..CHANGES {
        for when in EVER {
            let world = World::new();
            let run = world.run(&["exec", SCRIPT]);
            assert_eq!((run.code, world.api.wheels()), (0, AFTER.map(str::to_owned).into()), "{run:?}");
            let id = world.listed().id;
            world.killed(&["txn", "undo", &id], at, when);
            if world.entries().iter().filter(|entry| *entry == "ended").count() == 2 {
                // Where the last answer came, so may the end.
                assert_eq!((at, when, world.listed().state.as_str()), (CHANGES - 1, When::Answered, "rolled back"));
                assert_eq!(world.api.wheels(), BEFORE);
                continue;
            }
            let is_doubtful = world.entries().last().unwrap() == "undoing";
            let listed = world.listed();
            assert_eq!(listed.state, "rolled back in part", "{at} {when:?}");
            assert_eq!(listed.in_doubt.is_empty(), !is_doubtful, "{at} {when:?}");
            let refused = world.run(&["txn", "resume", &id]);
            assert_eq!((refused.code, world.api.changes()), (1, 0), "{refused:?}");
            if is_doubtful {
                let run = world.run(&["txn", "undo", &id]);
                assert_eq!(run.code, 1, "{at} {when:?}: {run:?}");
                assert!(run.said.contains("undoing it was sent, and whether that was carried out is not known"));
            }
            let run = world.run(&["txn", "undo", &id, "--repeat-doubtful"]);
            assert_eq!((run.code, run.said.as_str()), (0, "Rollback OK\n"), "{at} {when:?}");
            assert_eq!(world.api.wheels(), BEFORE, "{at} {when:?}");
            assert_eq!(world.listed().state, "rolled back");
            // There is nothing left to undo.
            let again = world.run(&["txn", "undo", &id]);
            assert_eq!((again.code, world.api.changes()), (0, 0), "{again:?}");
        }
    }
}

#[test]
fn rollback_undoes_what_ran_at_once() {
    let world = World::new();
    let run = world.run(&["exec", &SCRIPT.replace("COMMIT", "ROLLBACK"), EAGER]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.said.ends_with("Rollback OK\n"), "{run:?}");
    assert_eq!((world.api.wheels(), world.api.changes()), (BEFORE.map(str::to_owned).into(), 2 * CHANGES));
    assert_eq!(world.listed().state, "rolled back");
}
