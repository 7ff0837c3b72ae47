//! Connections that break, processes that are killed, and several at once.

use super::*;

/// Makes what a process leaves that was killed: paths in the provider's folder, each with a file.
fn leave(world: &World, folders: &[&str]) {
    for folder in folders {
        let path = world.root.path().join("src/aws").join(folder);
        fs::create_dir_all(&path).expect("made");
        fs::write(path.join("provider.yaml"), *folder).expect("written");
    }
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_was() {
    let world = World::new().await;
    world.served.site().breaks = 1;
    world.pull(None).await.expect("pulled");
    let ranges = world.served.ranges();
    let [None, Some(range)] = ranges.as_slice() else { panic!("{ranges:?}") };
    assert!(range.starts_with("bytes=") && range != "bytes=0-", "{range}");
    assert_eq!(world.installed(), names(&["v1.0.0"]));
}

#[tokio::test]
async fn a_later_pull_goes_on_where_an_earlier_one_gave_up() {
    let world = World::new().await;
    world.pull(Some("v0.9.0")).await.expect("pulled");
    world.served.site().breaks = 4;
    let error = world.pull(None).await.expect_err("broken").to_string();
    assert!(error.starts_with("cannot reach the registry: the connection to "), "{error}");
    assert_eq!(world.installed(), names(&["v0.9.0", ".v1.0.0.tgz.part", ".v1.0.0.tgz.validator"]));
    world.served.site().asked.clear();
    world.pull(None).await.expect("pulled");
    assert!(matches!(world.served.ranges().as_slice(), [Some(_)]), "{:?}", world.served.ranges());
    assert_eq!(world.installed(), names(&["v1.0.0"]));
}

#[tokio::test]
async fn another_archive_is_not_mixed_with_the_rest_of_the_first() {
    let world = World::new().await;
    world.served.site().breaks = 4;
    world.pull(None).await.expect_err("broken");
    world.served.put("aws/v1.0.0.tgz", archive_of(["v1.0.0/provider.yaml", "v1.0.0/s.yaml"], "another"));
    world.pull(None).await.expect("pulled");
    assert_eq!(world.content("aws/v1.0.0/provider.yaml"), "another");
}

#[tokio::test]
async fn a_server_without_parts_sends_all_again() {
    let world = World::new().await;
    world.served.site().whole_only = true;
    world.served.site().breaks = 2;
    world.pull(None).await.expect("pulled");
    assert_eq!(world.served.ranges().len(), 3);
    assert_eq!(world.content("aws/v1.0.0/provider.yaml"), "v1.0.0");
}

#[tokio::test]
async fn a_damaged_part_is_refused_once() {
    let world = World::new().await;
    world.served.site().breaks = 4;
    world.pull(None).await.expect_err("broken");
    let part = world.root.path().join("src/aws/.v1.0.0.tgz.part");
    let size = fs::read(&part).expect("there").len();
    fs::write(&part, vec![0; size]).expect("written");
    world.pull(None).await.expect_err("damaged");
    assert_eq!(world.installed(), names(&[]));
    world.pull(None).await.expect("pulled");
}

#[tokio::test]
async fn leftovers_of_each_step_are_cleared() {
    for leftovers in [
        // While it was unpacked.
        &["v0.9.0", ".v1.0.0.new"][..],
        // Before the others were removed.
        &["v0.9.0", "v1.0.0"],
        // While one was removed.
        &["v1.0.0", ".v0.9.0.removed"],
        // While a version was replaced by itself, in one step and in two.
        &["v1.0.0", ".v1.0.0.new"],
        &[".v1.0.0.replaced", ".v1.0.0.new"],
        &["v1.0.0", ".v1.0.0.replaced"],
    ] {
        let world = World::new().await;
        leave(&world, leftovers);
        let installed = world.pull(None).await.expect("pulled");
        assert_eq!(installed.version, "v1.0.0");
        assert_eq!(world.installed(), names(&["v1.0.0"]), "{leftovers:?}");
        assert_eq!(world.content("aws/v1.0.0/provider.yaml"), "v1.0.0", "{leftovers:?}");
    }
}

#[tokio::test]
async fn what_was_being_replaced_comes_back_even_if_the_next_pull_fails() {
    let world = World::new().await;
    leave(&world, &[".v1.0.0.replaced"]);
    world.served.put("aws/v1.0.0.tgz", "no archive");
    world.pull(None).await.expect_err("refused");
    assert_eq!(world.installed(), names(&["v1.0.0"]));
    assert_eq!(world.content("aws/v1.0.0/provider.yaml"), ".v1.0.0.replaced");
}

#[tokio::test]
async fn files_that_are_no_version_are_left_alone() {
    let world = World::new().await;
    leave(&world, &["notes", ".git"]);
    world.pull(None).await.expect("pulled");
    assert_eq!(world.installed(), names(&["v1.0.0", "notes", ".git"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_leave_one_whole_version() {
    let world = World::new().await;
    let pulls = (0..8).map(|i| world.pull(Some(if i % 2 == 0 { "v0.9.0" } else { "v1.0.0" })));
    for pulled in futures::future::join_all(pulls).await {
        pulled.expect("pulled");
    }
    let installed = world.installed();
    assert_eq!(installed.len(), 1, "{installed:?}");
    let version = installed.first().expect("one");
    assert_eq!(&world.content(&format!("aws/{version}/provider.yaml")), version);
    assert!(world.root.path().join("src/aws").join(version).join("services/s3.yaml").exists());
}
