//! A COMMIT that is killed, and gone on with.

use crate::api::{EVER, When};
use crate::{AFTER, CHANGES, SCRIPT, World, doubtful};

#[test]
fn a_commit_that_is_killed_anywhere_can_be_gone_on_with() {
    for at in 0..CHANGES {
        for when in EVER {
            let world = World::new();
            world.killed(&["exec", SCRIPT], at, when);
            let listed = world.listed();
            let (entries, doubt) = (world.entries(), doubtful(&world.entries()));
            // Where the last answer came, so may the end.
            let state = if entries.last().unwrap() == "ended" { "committed" } else { "stopped" };
            // The statements behind which the process came: the first makes two changes.
            let answered = doubt.unwrap_or(at + 1).min(CHANGES);
            let done = [0, 0, 1, 2, 3][answered];
            assert_eq!((listed.state.as_str(), listed.statements, listed.done), (state, 3, done), "{at} {when:?}");
            let acts = ["the insert", "the insert", "the delete", "the insert"];
            let in_doubt = doubt.map(|call| format!("{} on mill.works.wheels", acts[call])).unwrap_or_default();
            assert_eq!(listed.in_doubt, in_doubt, "{at} {when:?}");
            let mut resume = vec!["txn", "resume", &listed.id];
            if let Some(call) = doubt {
                // Nothing is sent while nobody says what became of it.
                let refused = world.run(&resume);
                assert_eq!((refused.code, world.api.changes()), (1, 0), "{at} {when:?}: {refused:?}");
                assert!(refused.said.contains("whether it was carried out is not known"), "{refused:?}");
                let is_done = call == at && when != When::Asked;
                resume.push(if is_done { "--skip-doubtful" } else { "--repeat-doubtful" });
            }
            let run = world.run(&resume);
            assert_eq!(run.code, 0, "{at} {when:?}: {run:?}");
            assert_eq!(world.api.wheels(), AFTER, "{at} {when:?}");
            let listed = world.listed();
            assert_eq!((listed.state.as_str(), listed.done, listed.in_doubt.as_str()), ("committed", 3, ""));
            // There is nothing left to do.
            let again = world.run(&["txn", "resume", &listed.id]);
            assert_eq!((again.code, world.api.changes()), (0, 0), "{again:?}");
        }
    }
}

#[test]
fn going_on_can_be_killed_at_every_change() {
    let world = World::new();
    world.killed(&["exec", SCRIPT], 0, When::Asked);
    for change in 0..CHANGES {
        let id = world.listed().id;
        let flag = if change == 0 { "--repeat-doubtful" } else { "--skip-doubtful" };
        world.killed(&["txn", "resume", &id, flag], 0, When::Done);
        assert_eq!(world.api.changes(), 1, "{change}");
    }
    let run = world.run(&["txn", "resume", &world.listed().id, "--skip-doubtful"]);
    assert_eq!((run.code, world.api.changes()), (0, 0), "{run:?}");
    assert_eq!(world.api.wheels(), AFTER);
}

#[test]
fn a_commit_that_fails_can_be_gone_on_with_and_makes_no_change_twice() {
    let world = World::new();
    let script = SCRIPT.replace("'b'", "'refused'");
    let run = world.run(&["exec", &script]);
    let id = world.listed().id;
    let required = "UNDO required: Undo the insert on mill.works.wheels, 1 of its 2 calls";
    let hint =
        format!("hint: stackql txn resume {id} goes on where it stopped, stackql txn undo {id} undoes what was done");
    assert_eq!(run.code, 1);
    assert!(
        run.said.contains("no such wood (HTTP 400); it was call 2 of 2\n") && run.said.contains(required),
        "{run:?}"
    );
    assert!(run.said.contains(&hint), "{run:?}");
    for act in ["resume", "undo"] {
        let refused = world.run(&["txn", act, &id, "--read-only"]);
        assert_eq!((refused.code, world.api.changes()), (1, 0), "{refused:?}");
    }
    let again = world.run(&["txn", "resume", &id]);
    assert_eq!((again.code, world.api.changes()), (1, 1), "{again:?}");
    assert_eq!(world.api.wheels(), ["north a", "north old", "south old"]);
}

#[test]
fn what_is_not_known_is_not_gone_on_with() {
    let world = World::new();
    let run = world.run(&["txn", "resume", "20260101-000000-000"]);
    let said = "error: there is no transaction 20260101-000000-000; stackql txn list tells which there are\n";
    assert_eq!((run.code, run.said.as_str()), (1, said));
    assert!(world.list().is_empty());
}
