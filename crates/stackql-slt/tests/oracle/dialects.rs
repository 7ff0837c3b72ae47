//! A statement in two dialects: as the engine reads it, and as SQLite does, over tables whose parameters are columns.

const OURS: char = '\u{1}';
const JUDGED: char = '\u{2}';
const END: char = '\u{3}';

/// A piece of SQL that is written otherwise for the judge. Pieces do not stand in pieces.
pub(crate) fn both(ours: &str, judged: &str) -> String {
    format!("{OURS}{ours}{JUDGED}{judged}{END}")
}

/// A statement as the engine reads it.
pub(crate) fn ours(text: &str) -> String {
    written(text, |ours, _| ours)
}

/// A statement as SQLite reads it.
pub(crate) fn judged(text: &str) -> String {
    written(text, |_, judged| judged)
}

fn written<'a>(text: &'a str, choose: impl Fn(&'a str, &'a str) -> &'a str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, from)) = rest.split_once(OURS) {
        let (ours, after) = from.split_once(JUDGED).unwrap();
        let (judged, after) = after.split_once(END).unwrap();
        out.push_str(before);
        out.push_str(choose(ours, judged));
        rest = after;
    }
    out + rest
}
