use std::path::Path;

use stackql_engine::{Compensation, RollbackMode, SagaStep, StepId};

use super::*;

const FIRST: StepId = StepId { statement: 0, call: 0 };

fn entries() -> Vec<JournalEntry> {
    let noted = stackql_engine::StatementRecord {
        text: "INSERT INTO own VALUES ('ü\n')".into(),
        act: "insert".into(),
        table: "own".into(),
        settings: vec![("max_calls".into(), "7".into())],
    };
    vec![
        JournalEntry::Began { rollback: RollbackMode::Lazy },
        JournalEntry::Statement(noted),
        JournalEntry::Calls { statement: 0, calls: vec![SagaStep::LocalChange] },
        JournalEntry::Sending(FIRST),
        JournalEntry::Answered { at: FIRST, undo: Compensation::Manual("so".into()) },
        JournalEntry::Ended { how: TransactionEnd::Committed },
    ]
}

/// A journal with these entries, and its file.
fn journal(folder: &Path, entries: &[JournalEntry]) -> (JournalDir, String, PathBuf) {
    let transactions = JournalDir::below(folder);
    let mut log = transactions.begin().unwrap();
    entries.iter().for_each(|entry| log.append(std::slice::from_ref(entry)).unwrap());
    let path = folder.join(FOLDER).join(format!("{}.jsonl", log.id()));
    (transactions, log.id().to_owned(), path)
}

fn all(transactions: &JournalDir) -> Vec<TransactionSummary> {
    let (all, lost) = transactions.all().unwrap();
    assert_eq!(lost, []);
    all
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (transactions, id, _) = journal(folder.path(), &entries());
    let all = all(&transactions);
    assert_eq!((all.len(), all[0].id.as_str(), all[0].state), (1, id.as_str(), "committed"));
    assert_eq!(all[0].history, TransactionHistory::from_entries(&entries()).unwrap());
    assert_eq!(transactions.open_for_recovery(&id).unwrap().history, all[0].history);
}

#[test]
fn a_journal_that_is_cut_anywhere_is_what_its_whole_lines_say() {
    let folder = tempfile::tempdir().unwrap();
    let (transactions, id, path) = journal(folder.path(), &entries());
    let bytes = fs::read(&path).unwrap();
    for length in 0..=bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let whole = bytes[..length].iter().filter(|byte| **byte == b'\n').count();
        if whole == 0 {
            assert!(all(&transactions).is_empty());
            continue;
        }
        let expect = TransactionHistory::from_entries(&entries()[..whole]).unwrap();
        assert_eq!(all(&transactions)[0].history, expect);
        // What is added stands behind the whole lines.
        let mut kept = transactions.open_for_recovery(&id).unwrap();
        kept.log.append(&[JournalEntry::Ended { how: TransactionEnd::Abandoned }]).unwrap();
        drop(kept);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), whole + 1, "{length} bytes of {text}");
        assert_eq!(all(&transactions)[0].state, "abandoned");
    }
}

#[test]
fn a_line_that_is_no_entry_is_told_and_other_transactions_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, good, _) = journal(folder.path(), &entries());
    let (transactions, id, path) = journal(folder.path(), &entries());
    let text = fs::read_to_string(&path).unwrap().replacen("\"calls\"", "\"cells\"", 1);
    fs::write(&path, text).unwrap();
    let error = transactions.open_for_recovery(&id).unwrap_err().to_string();
    assert!(error.contains(", line 3, is no entry of a journal: "), "{error}");
    let (all, lost) = transactions.all().unwrap();
    assert_eq!((all.len(), all[0].id.as_str(), lost[0].to_string()), (1, good.as_str(), error));
}

#[test]
fn one_process_at_a_time_has_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let transactions = JournalDir::below(folder.path());
    let mut log = transactions.begin().unwrap();
    log.append(&entries()).unwrap();
    assert_eq!(all(&transactions)[0].state, "running");
    let refused = transactions.open_for_recovery(log.id()).unwrap_err().to_string();
    assert_eq!(refused, format!("transaction {} is run by another process; wait for its end", log.id()));
    let id = log.id().to_owned();
    drop(log);
    let kept = transactions.open_for_recovery(&id).unwrap();
    assert!(transactions.open_for_recovery(&id).is_err());
    drop(kept);
    assert_eq!(all(&transactions)[0].state, "committed");
}

#[test]
fn names_lead_out_of_the_folder_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["../x", "", "x", "20260101-000000-000", "/etc/passwd"] {
        assert!(JournalDir::below(folder.path()).open_for_recovery(id).is_err(), "{id}");
    }
}

#[cfg(unix)]
#[test]
fn journals_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (_, _, path) = journal(folder.path(), &entries());
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Journals of earlier versions stay readable, and each line is written as it was.
#[test]
fn journals_of_an_earlier_version_are_read() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/journals");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(FOLDER)).unwrap();
    let mut states = Vec::new();
    for name in ["committed_then_undone", "compensated_manually", "killed_while_sending", "refused"] {
        let text = fs::read_to_string(files.join(format!("{name}.jsonl"))).unwrap();
        for line in text.lines() {
            let read: Line = serde_json::from_str(line).unwrap();
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&serde_json::to_string(&read).unwrap()), value(line), "{name}");
        }
        let path = folder.path().join(FOLDER).join("20261130-000000-000.jsonl");
        fs::write(&path, text).unwrap();
        states.push(format!("{name}: {}", all(&JournalDir::below(folder.path()))[0].state));
    }
    assert_eq!(
        states,
        [
            "committed_then_undone: rolled back",
            "compensated_manually: committed",
            "killed_while_sending: stopped",
            "refused: stopped"
        ]
    );
}
