use super::*;

#[test]
fn names_of_sections_are_words_of_a_shell() {
    let cases: [(&str, Option<&[&str]>); 10] = [
        ("profile work", Some(&["profile", "work"])),
        ("profile \t work ", Some(&["profile", "work"])),
        ("profile \"my work\"", Some(&["profile", "my work"])),
        ("profile 'my \"work'", Some(&["profile", "my \"work"])),
        (r#"profile "a\"b\c""#, Some(&["profile", r#"a"b\c"#])),
        (r"profile my\ work", Some(&["profile", "my work"])),
        ("profile my work", Some(&["profile", "my", "work"])),
        ("profile \"\"", Some(&["profile", ""])),
        ("profile \"open", None),
        ("profile o'neil", None),
    ];
    for (name, expected) in cases {
        let expected = expected.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(words(name), expected, "{name}");
    }
}

#[test]
fn comments_follow_blanks() {
    for (text, expected) in [
        ("a", "a"),
        ("a # b", "a"),
        ("a\t;b", "a"),
        ("a#b", "a#b"),
        ("a;b ; c", "a;b"),
        ("# a", ""),
        ("", ""),
        ("é # b", "é"),
    ] {
        assert_eq!(uncommented(text), expected, "{text}");
    }
}

#[test]
fn paths_are_filled_in() {
    let environment: Environment =
        [("A", "/a"), ("B_1", "b"), ("NONE", "")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    for (path, expected) in [
        ("$A/config", "/a/config"),
        ("${A}x/$B_1", "/ax/b"),
        ("$A$B_1", "/ab"),
        ("$C/${C}/x", "$C/${C}/x"),
        ("a$NONE/b$", "a/b$"),
        ("${A", "${A"),
    ] {
        assert_eq!(expanded(&environment, path), expected, "{path}");
    }
}
