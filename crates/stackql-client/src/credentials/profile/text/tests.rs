use proptest::prelude::*;

use super::*;

/// A key with its value and line.
type Entries = Vec<(String, String, usize)>;

/// The sections of a text.
fn read(text: &str) -> Vec<(String, Entries)> {
    let sections = sections(text.as_bytes()).expect("sound");
    let entries = |section: Section| section.entries.into_iter().map(|(key, e)| (key, e.text, e.line)).collect();
    sections.into_iter().map(|section| (section.name.clone(), entries(section))).collect()
}

/// The keys of the one section of a text.
fn keys(text: &str) -> Vec<(String, String)> {
    let mut sections = read(text);
    assert_eq!(sections.len(), 1, "{sections:?}");
    sections.remove(0).1.into_iter().map(|(key, value, _)| (key, value)).collect()
}

fn refused(text: &[u8]) -> (usize, String) {
    let wrong = sections(text).expect_err("refused");
    (wrong.line, wrong.what)
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn keys_are_read_as_python_reads_them() {
    let both = pairs(&[("a", "1"), ("b", "2")]);
    for text in [
        "[s]\na = 1\nb = 2\n",
        "[s]\r\na = 1\r\nb = 2\r\n",
        "[s]\ra = 1\rb = 2\r",
        "[s] # a comment\n  A : 1\n  B:2",
        "\n# first\n[s]\n\ta=1\t\n  # between\n; and\n\n\tb\t=\t2  \n\n",
        "[s] b = 9\na = 1\nb = 2",
        "[s]\na = 1\n[s]\nb = 2\na = 1\n",
        "[DEFAULT]\nb = 2\na = 3\n[s]\na = 1\n",
    ] {
        assert_eq!(keys(text), both, "{text:?}");
    }
    assert_eq!(keys("[s]\na = x # y\nb = x#y; z\n"), pairs(&[("a", "x # y"), ("b", "x#y; z")]));
    assert_eq!(keys("[s]\na:b = c\n"), pairs(&[("a", "b = c")]));
    assert_eq!(keys("[s]\na =\n\n"), pairs(&[("a", "")]));
}

#[test]
fn what_is_indented_further_goes_on() {
    assert_eq!(keys("[s]\na = 1\n  b = 2\n"), pairs(&[("a", "1\nb = 2")]));
    assert_eq!(keys("[s]\na = 1\n # why\n\n  [x]\nb = 2"), pairs(&[("a", "1\n\n[x]"), ("b", "2")]));
    let block = &sections(b"[s]\na =\n  # why\n  B = 2\n\n  c = d = e\n").expect("sound")[0].entries["a"];
    assert_eq!(block.block(), Some([("B", "2"), ("c", "d = e")].into()));
    assert_eq!(block.line, 2);
    assert_eq!(sections(b"[s]\na = 1\n").expect("sound")[0].entries["a"].block(), None);
}

#[test]
fn values_know_their_lines() {
    let read = read("# one\n[s]\r\n\na = 1\n  more\nb = 2\n[t]\nc=3");
    let lines: Vec<usize> = read.iter().flat_map(|(_, keys)| keys.iter().map(|(.., line)| *line)).collect();
    assert_eq!(lines, [4, 6, 8]);
}

#[test]
fn what_python_refuses_is_refused_with_its_line() {
    let cases: [(&[u8], usize, &str); 13] = [
        (b"a = 1\n", 1, "in front of the first [section]"),
        (b"\n\n[s\na = 1", 3, "has no ']'"),
        (b"[]\n", 1, "no name"),
        (b"[s] # [t]\n", 1, "two ']'"),
        (b"[s]\nregion eu-west-1\n", 2, "key = value"),
        (b"[s]\n= 1\n", 2, "no key"),
        (b"[s]\na = 1\nb = 2\na = 3\n", 4, "line 2"),
        (b"[s]\na = 1\n[t]\n[s]\na = 2", 5, "line 2"),
        (b"[s]\na =\n  b\n", 2, "the block below it"),
        (b"[s]\n# caf\xe9\n", 2, "not UTF-8"),
        (b"\xff", 1, "not UTF-8"),
        (b"[s]\r\na = 1\r\n\r\n# \xe9\r\n", 4, "not UTF-8"),
        (b"\xef\xbb\xbf[s]\n", 1, "byte order mark"),
    ];
    for (text, line, what) in cases {
        let found = refused(text);
        assert!(found.0 == line && found.1.contains(what), "{:?}: {found:?}", String::from_utf8_lossy(text));
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(prop_oneof![
        Just(b'\n'), Just(b'\r'), Just(b' '), Just(b'['), Just(b']'), Just(b'='), Just(b':'), Just(b'#'), Just(b'a'), any::<u8>(),
    ], 0..60)) {
        let _ = sections(&bytes);
    }

    #[test]
    fn what_is_written_is_read(values in proptest::collection::btree_map("[a-z_]{1,8}", "[!-~]([ -~é]{0,8}[!-~])?", 0..6)) {
        let text: String = values.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let read = sections(format!("[s]\n{text}").as_bytes()).expect("sound");
        let read: Vec<_> = read[0].entries.iter().map(|(key, entry)| (key.clone(), entry.text.clone())).collect();
        prop_assert_eq!(read, values.into_iter().collect::<Vec<_>>());
    }
}
