//! A change by which the API can tell that it is the same one.

use crate::api::When;
use crate::{BUILT_IN, World};

#[test]
fn a_change_with_a_token_is_repeated_without_being_told_to_and_with_the_same_token() {
    for when in [When::Asked, When::Done] {
        let world = World::new();
        let script = "BEGIN; INSERT INTO aws.ec2.traffic_mirror_filters(Description) VALUES ('a'); COMMIT";
        world.killed(&["exec", script, BUILT_IN], 0, when);
        let listed = world.listed();
        assert_eq!(listed.in_doubt, "the insert on aws.ec2.traffic_mirror_filters");
        let sent = world.entries().len();
        let run = world.run(&["txn", "resume", &listed.id, BUILT_IN]);
        assert_eq!((run.code, run.said.as_str()), (0, "OK\n"), "{when:?}");
        let times = if when == When::Done { 2 } else { 1 };
        assert_eq!(world.api.tokens(), [times], "{when:?}");
        assert_eq!(world.entries()[sent..], ["sending", "answered", "ended"], "{when:?}");
    }
}
