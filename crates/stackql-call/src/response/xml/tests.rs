use proptest::prelude::*;

use super::{Document, Next, content_length};

/// What is read of a document whose first child is passed over: the name of the second, else what is wrong.
fn behind_first(text: &str) -> Result<Option<String>, String> {
    let mut document = Document::open(text.as_bytes()).map_err(|broken| broken.reason)?;
    let mut next = || document.next().map_err(|broken| broken.reason);
    if let Next::End = next()? {
        return Ok(None);
    }
    document.skip().map_err(|broken| broken.reason)?;
    match document.next().map_err(|broken| broken.reason)? {
        Next::Child => Ok(Some(document.name().to_owned())),
        Next::End => Ok(None),
    }
}

#[test]
fn what_is_passed_over_ends_where_its_element_does() {
    let insides = [
        "",
        "text",
        "<c/>",
        "<c></c>",
        "<a><a/></a>",
        "<a><a>1</a></a >",
        "<c d='>' e=\"'>\">x</c>",
        "<c d=\"</a>\"/>",
        "&amp;&#65;&unknown;",
        "<!-- </a> -->",
        "<![CDATA[</a><a>]]>",
        "<?p </a> ?>",
        "<n:c xmlns:n='u'><n:d/></n:c>",
        "a > b",
    ];
    for inside in insides {
        assert_eq!(behind_first(&format!("<r><a>{inside}</a><z/></r>")), Ok(Some("z".to_owned())), "{inside}");
    }
    assert_eq!(behind_first("<r><a/><z/></r>"), Ok(Some("z".to_owned())));
    assert_eq!(behind_first("<r><a/></r>"), Ok(None));
}

#[test]
fn what_is_wrong_inside_is_told() {
    for wrong in ["<r><a><b></a><z/></r>", "<r><a>& b</a><z/></r>", "<r><a><b c='></b></a><z/></r>", "<r><a><b>"] {
        assert!(behind_first(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_leaf_is_told_from_what_has_children() {
    let texts = |text: &str| {
        let mut document = Document::open(text.as_bytes()).unwrap();
        let leaf = document.text_if_leaf().map(|text| text.map(std::borrow::Cow::into_owned));
        let next =
            if let Ok(None) = leaf { document.next().is_ok_and(|next| matches!(next, Next::Child)) } else { false };
        (leaf.map_err(|broken| broken.reason), next, document.name().to_owned())
    };
    assert_eq!(texts("<r>a &amp; <![CDATA[<b>]]></r>"), (Ok(Some("a & <b>".into())), false, "r".into()));
    assert_eq!(texts("<r/>"), (Ok(Some(String::new())), false, "r".into()));
    assert_eq!(texts("<r>a<b/></r>"), (Ok(None), true, "b".into()));
    assert_eq!(texts("<r>&a;<b/></r>"), (Ok(None), true, "b".into()));
    assert_eq!(texts("<r>&a;</r>").0, Err("the unknown entity &a;".into()));
}

/// What may stand in an element, and what may not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "x",
        " ",
        "&lt;",
        "&",
        ";",
        "<b>",
        "</b>",
        "<a>",
        "</a>",
        "<b/>",
        "<b c='1'>",
        "'",
        "\"",
        ">",
        "<!--",
        "-->",
        "<",
        "</",
        "<![CDATA[",
        "]]>",
        "<?p?>",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Where the end is told by tags alone, it is where the events have it.
    #[test]
    fn tags_and_events_agree(inside in pieces()) {
        let text = format!("<r><a>{inside}</a><z/></r>");
        let mut events = Document::open(text.as_bytes()).unwrap();
        let mut depth = 0usize;
        let end = loop {
            // The outermost element is open, and its child may be.
            match events.reader.read_event() {
                Ok(quick_xml::events::Event::Start(_)) => depth += 1,
                Ok(quick_xml::events::Event::End(_)) if depth == 1 => break Some(events.reader.buffer_position()),
                Ok(quick_xml::events::Event::End(_)) => depth -= 1,
                Ok(quick_xml::events::Event::Eof) | Err(_) => break None,
                Ok(_) => {}
            }
        };
        if let (Some(length), Some(end)) = (content_length::content_length(&text.as_bytes()["<r><a>".len()..]), end) {
            let end_tag = &text["<r><a>".len() + length..end as usize];
            prop_assert!(end_tag.starts_with("</") && end_tag.ends_with('>') && !end_tag[1..].contains('<'), "{text}");
        }
    }
}
