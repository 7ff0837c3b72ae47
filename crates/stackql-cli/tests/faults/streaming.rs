//! Rows come as soon as they are known: an API holds pages back until the first row was printed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::api::{Sent, listen};
use crate::fleet::Page;
use crate::program;

/// How long a page is held back at most, so that a row that waits for it is a failure and not the end of all tests.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    /// Pages that were held back to no avail.
    given_up: Mutex<usize>,
}

impl Gate {
    fn pass(&self) {
        let closed = self.is_open.lock().unwrap();
        let (open, _) = self.opened.wait_timeout_while(closed, PATIENCE, |is_open| !*is_open).unwrap();
        if !*open {
            *self.given_up.lock().unwrap() += 1;
        }
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// Runs a statement over an API that holds back what `is_held` says until the first row came.
fn check(sql: &str, rows: usize, is_held: fn(&Page) -> bool) {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let port = listen(move |target| {
        let page = Page::from_target(target);
        if is_held(&page) {
            held.pass();
        }
        Sent::Whole(page.response())
    });
    let kept = tempfile::tempdir().unwrap();
    let mut command = program(sql, &[&format!("--endpoint-url=http://127.0.0.1:{port}")], kept.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = printed.next().map(Result::unwrap);
    gate.open();
    let rest = printed.count();
    assert!(child.wait().unwrap().success(), "{sql}");
    assert_eq!(usize::from(first.is_some()) + rest, rows, "{sql}");
    assert_eq!(*gate.given_up.lock().unwrap(), 0, "{sql}: the first row came no sooner than the pages behind it");
}

/// Whether a page is one that is held back.
type IsHeld = fn(&Page) -> bool;

#[test]
fn the_first_row_waits_for_its_own_page_only() {
    let of_machines = "FROM fleet.compute.machines m WHERE account = 'a1' AND region = 'r1'";
    let joined = |kind: &str| {
        format!(
            "SELECT m.id, d.id FROM fleet.compute.machines m {kind} fleet.compute.disks d ON d.machine = m.id \
             WHERE m.account = 'a1' AND m.region = 'r1'"
        )
    };
    let statements: [(String, usize, IsHeld); 6] = [
        (format!("SELECT id {of_machines}"), 3, |page| page.number > 1),
        (format!("SELECT id {of_machines} AND cores > 0"), 3, |page| page.number > 1),
        (joined("JOIN"), 9, |page| page.number > 1),
        (joined("LEFT JOIN"), 9, |page| page.number > 1),
        (format!("{} AND d.id <> 'd4'", joined("JOIN")), 9, |page| page.machine.is_some() && page.number > 1),
        (
            format!("SELECT id {of_machines} AND EXISTS (SELECT 1 FROM fleet.compute.disks d WHERE d.machine = m.id)"),
            3,
            |page| page.number > 1,
        ),
    ];
    thread::scope(|scope| {
        for (sql, rows, is_held) in statements {
            scope.spawn(move || check(&sql, rows, is_held));
        }
    });
}
