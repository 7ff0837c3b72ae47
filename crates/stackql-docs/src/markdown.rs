//! Converts the descriptions of source documents, which are mostly HTML, to Markdown that renderers do not interpret as
//! HTML tags or template expressions: as blocks, as one line, or as a table cell.

/// Converts a description to Markdown blocks; an empty description gives empty text.
pub(crate) fn blocks(html: &str) -> String {
    if html.trim().is_empty() {
        return String::new();
    }
    let options = htmd::options::Options {
        bullet_list_marker: htmd::options::BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        br_style: htmd::options::BrStyle::Backslash,
        ..Default::default()
    };
    match htmd::HtmlToMarkdown::builder().options(options).build().convert(html) {
        Ok(markdown) => guard(&markdown),
        // Text that is not valid HTML is still more useful than no text.
        Err(_) => guard(html),
    }
}

/// Converts a description to the content of a table cell.
pub(crate) fn cell(html: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in blocks(html).lines() {
        let text = line.trim_start();
        if text.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let text = text.trim_end().trim_end_matches('\\');
        if text.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out += "<br />";
        }
        match text.strip_prefix("- ") {
            _ if fenced => out += &format!("`{text}`"),
            Some(item) => out += &format!("• {item}"),
            None => out += text,
        }
    }
    escape_pipes(&out)
}

/// Converts the first paragraph of a description to the content of a table cell.
pub(crate) fn first_paragraph(html: &str) -> String {
    let all = blocks(html);
    let first = all.split("\n\n").next().unwrap_or_default();
    escape_pipes(&first.replace('\n', " "))
}

/// Escapes a name or plain title as text of a table cell or heading.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '<' => out += "&lt;",
            '{' => out += "&#123;",
            '}' => out += "&#125;",
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Formats a name as inline code of a table cell; the name may contain any characters.
pub(crate) fn code(name: &str) -> String {
    let name = escape_pipes(&name.replace(['\n', '\r'], " "));
    if name.contains('`') { format!("`` {name} ``") } else { format!("`{name}`") }
}

fn escape_pipes(text: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for c in text.chars() {
        if c == '|' && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// Replaces characters outside of code that a renderer may take for a tag or an expression by character references.
fn guard(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut fenced = false;
    for line in markdown.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            out += line;
        } else if fenced {
            out += line;
        } else {
            guard_line(&mut out, line);
        }
    }
    out
}

fn guard_line(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (text, ticked) = rest.split_at(at);
        let ticks = ticked.len() - ticked.trim_start_matches('`').len();
        let (fence, body) = ticked.split_at(ticks);
        let is_escaped = text.ends_with('\\');
        let Some(end) = body.find(fence).filter(|_| !is_escaped) else {
            entities(out, text);
            *out += fence;
            rest = body;
            continue;
        };
        entities(out, text);
        *out += &ticked[..ticks + end + ticks];
        rest = &body[end + ticks..];
    }
    entities(out, rest);
}

fn entities(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => *out += "&lt;",
            '{' => *out += "&#123;",
            '}' => *out += "&#125;",
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_blocks() {
        let html = "<p>Use <code>a|b</code> or <i>c</i>.</p> <ul> <li> <p>One</p> </li> <li>Two {x}</li> </ul>";
        assert_eq!(blocks(html), "Use `a|b` or *c*.\n\n- One\n\n- Two &#123;x&#125;");
        assert_eq!(cell(html), "Use `a\\|b` or *c*.<br />• One<br />• Two &#123;x&#125;");
        assert_eq!(first_paragraph(html), "Use `a\\|b` or *c*.");
    }

    #[test]
    fn text_is_never_a_tag_an_expression_or_a_cell() {
        let html = "5 &lt; 6 | {x} `a` <pre><code>x | y\n&lt;z&gt;</code></pre> <a href=\"https://e.com/\">e</a>";
        assert_eq!(cell(html), "5 &lt; 6 \\| &#123;x&#125; \\`a\\`<br />`x \\| y`<br />`<z>`<br />[e](https://e.com/)");
        assert_eq!(plain("a|b_<c>\n{d}"), "a\\|b\\_&lt;c> &#123;d&#125;");
        assert_eq!(code("a|`b"), "`` a\\|`b ``");
        assert_eq!(blocks("  "), "");
    }
}
