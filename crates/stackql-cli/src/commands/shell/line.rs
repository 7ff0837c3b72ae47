//! Parses a line of shell input.

/// A line of input while no statement is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Help,
    Clear,
    Leave,
    Timing,
    /// Statements that implement a command which lists names.
    Look(String),
    /// It looks like a command but is unknown.
    Unknown(String),
    /// SQL, possibly incomplete.
    Statement,
}

pub(super) fn parse(text: &str) -> Line {
    let text = text.trim();
    let bare = text.trim_end_matches(';').trim_end();
    let (word, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    match (word.to_ascii_lowercase().as_str(), rest.trim()) {
        ("", _) => Line::Blank,
        ("help" | "\\?" | ".help", "") => Line::Help,
        ("clear" | ".clear", "") => Line::Clear,
        ("exit" | "quit" | "\\q" | ".exit" | ".quit", "") => Line::Leave,
        ("\\timing" | ".timing", "") => Line::Timing,
        ("\\d", name) => Line::Look(look(name, false)),
        (".inspect", name) => Line::Look(look(name, true)),
        (word, _) if word.starts_with(['\\', '.']) => Line::Unknown(word.to_owned()),
        _ => Line::Statement,
    }
}

/// The statements that list what is below a name of any depth.
fn look(name: &str, methods: bool) -> String {
    match name.split('.').filter(|part| !part.is_empty()).count() {
        0 => "SHOW PROVIDERS;".to_owned(),
        1 => format!("SHOW SERVICES IN {name};"),
        2 => format!("SHOW RESOURCES IN {name};"),
        _ if methods => format!("DESCRIBE {name}; SHOW METHODS IN {name};"),
        _ => format!("DESCRIBE {name};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_statements() {
        assert_eq!(parse("  exit ;"), Line::Leave);
        assert_eq!(parse("\\q"), Line::Leave);
        assert_eq!(parse("HELP"), Line::Help);
        assert_eq!(parse("\\timing"), Line::Timing);
        assert_eq!(parse(" "), Line::Blank);
        assert_eq!(parse("SELECT 1"), Line::Statement);
        assert_eq!(parse("exit strategy"), Line::Statement);
        assert_eq!(parse(".nosuch x"), Line::Unknown(".nosuch".into()));
    }

    #[test]
    fn looking_goes_as_deep_as_the_name() {
        assert_eq!(parse("\\d"), Line::Look("SHOW PROVIDERS;".into()));
        assert_eq!(parse("\\d p"), Line::Look("SHOW SERVICES IN p;".into()));
        assert_eq!(parse("\\d p.s"), Line::Look("SHOW RESOURCES IN p.s;".into()));
        assert_eq!(parse("\\d p.s.r;"), Line::Look("DESCRIBE p.s.r;".into()));
        assert_eq!(parse(".inspect p.s.r"), Line::Look("DESCRIBE p.s.r; SHOW METHODS IN p.s.r;".into()));
    }
}
