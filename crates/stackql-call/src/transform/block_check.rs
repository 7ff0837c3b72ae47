//! Checks that the blocks of a template are balanced. The engine takes a surplus `{{end}}` as the end of the template, and the
//! end of the template in place of a missing `{{end}}`: output would be lost without an error.

use super::braces::action;
use super::program::{Place, TemplateRejected};

/// Rejects a template in which an `{{end}}` or `{{else}}` belongs to no block, or a block has no `{{end}}`.
pub(super) fn paired(text: &str) -> Result<(), TemplateRejected> {
    let refused = |offset, reason| Err(TemplateRejected { at: Place::Offset(offset), reason });
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        let length = action(&text[start..]);
        match keyword(&text[start..start + length]) {
            word @ ("if" | "range" | "with" | "define" | "block") => open.push((start, word)),
            word @ ("end" | "else") if open.is_empty() => return refused(start, format!("unexpected {{{{{word}}}}}")),
            "end" => drop(open.pop()),
            _ => {}
        }
        at = start + length;
    }
    match open.pop() {
        Some((start, word)) => refused(start, format!("{{{{{word}}}}} has no {{{{end}}}}")),
        None => Ok(()),
    }
}

/// The word that an action begins with.
fn keyword(action: &str) -> &str {
    let inside = action[2..].strip_prefix('-').unwrap_or(&action[2..]).trim_start();
    inside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("")
}
