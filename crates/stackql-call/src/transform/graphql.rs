//! Templates that write GraphQL. Owns where in the document each action writes, and what of a value can stand there: the
//! text of a value stays inside its quotes, and outside of quotes it stays one value.

use gotmpl::parse::{ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, PipeNode, Pos, SmolStr};

use super::program::{Place, TemplateRejected};

/// Called with a value that is written between quotes.
pub(super) const TEXT: &str = "(text)";
/// Called with a value that is written outside of quotes.
pub(super) const VALUE: &str = "(value)";

/// Where in a GraphQL document something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LexicalContext {
    /// Outside of quotes.
    Document,
    /// Between quotes.
    Text,
    /// Between quotes, behind a backslash.
    Escape,
    /// Between three quotes.
    Block,
    /// In a comment.
    Comment,
}

impl LexicalContext {
    /// Where what follows `text` stands.
    fn after(mut self, text: &str) -> Self {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (next, taken) = match self {
                Self::Document if rest.starts_with(r#"""""#) => (Self::Block, 3),
                Self::Document if rest.starts_with(r#""""#) => (self, 2),
                Self::Document if c == '"' => (Self::Text, 1),
                Self::Document if c == '#' => (Self::Comment, 1),
                Self::Text if c == '\\' => (Self::Escape, 1),
                Self::Text if c == '"' => (Self::Document, 1),
                Self::Escape => (Self::Text, c.len_utf8()),
                Self::Block if rest.starts_with(r#"\""""#) => (self, 4),
                Self::Block if rest.starts_with(r#"""""#) => (Self::Document, 3),
                Self::Comment if matches!(c, '\n' | '\r') => (Self::Document, 1),
                _ => (self, c.len_utf8()),
            };
            self = next;
            rest = &rest[taken..];
        }
        self
    }
}

/// Gives each action of a template the function that fits where it writes.
#[derive(Debug)]
pub(super) struct ContextualEscaper<'a> {
    /// The field that is GraphQL itself and is written as it is.
    fragment: Option<&'a str>,
    /// Where that stands.
    found: Option<LexicalContext>,
    /// Where the loops around begin, innermost last.
    loops: Vec<LexicalContext>,
}

impl<'a> ContextualEscaper<'a> {
    /// Goes through a template that is written at `start`; where the fragment stands in it.
    pub(super) fn for_fragment(
        template: &mut ListNode,
        start: LexicalContext,
        fragment: Option<&'a str>,
    ) -> Result<Option<LexicalContext>, TemplateRejected> {
        let mut quoting = Self { fragment, found: None, loops: Vec::new() };
        match quoting.list(template, start)? {
            end if end == start => Ok(quoting.found),
            _ => Err(reject(template.pos, "it ends in the middle of a text")),
        }
    }

    fn list(&mut self, list: &mut ListNode, start: LexicalContext) -> Result<LexicalContext, TemplateRejected> {
        let mut here = start;
        for node in &mut list.nodes {
            here = match node {
                Node::Text(text) => here.after(&text.text),
                Node::Action(action) => self.action(action, here)?,
                Node::List(inner) => self.list(inner, here)?,
                Node::If(branch) | Node::With(branch) => self.branch(branch, here)?,
                Node::Range(branch) => {
                    self.loops.push(here);
                    let end = self.branch(branch, here)?;
                    self.loops.pop();
                    if end != here {
                        return Err(reject(branch.pos, "a turn of the loop ends in the middle of a text"));
                    }
                    here
                }
                Node::Break(pos) | Node::Continue(pos) if self.loops.last() != Some(&here) => {
                    return Err(reject(*pos, "a turn of the loop ends in the middle of a text"));
                }
                Node::Break(_) | Node::Continue(_) | Node::Define(_) => here,
                Node::Template(call) => {
                    return Err(reject(call.pos, "a query calls no other template; write it here"));
                }
            };
        }
        Ok(here)
    }

    fn branch(&mut self, branch: &mut BranchNode, start: LexicalContext) -> Result<LexicalContext, TemplateRejected> {
        let end = self.list(&mut branch.body, start)?;
        let other = branch.else_body.as_mut().map_or(Ok(start), |body| self.list(body, start))?;
        if end != other {
            return Err(reject(branch.pos, "a text begins or ends in one branch only"));
        }
        Ok(end)
    }

    fn action(&mut self, action: &mut ActionNode, here: LexicalContext) -> Result<LexicalContext, TemplateRejected> {
        if !action.pipe.decl.is_empty() {
            // It writes nothing.
            return Ok(here);
        }
        match only(&action.pipe) {
            // The document's own text.
            Some(Expr::String(_, text)) => return Ok(here.after(text)),
            Some(Expr::Field(pos, path)) if matches!(&path[..], [name] if Some(name.as_str()) == self.fragment) => {
                if self.found.is_some_and(|found| found != here) {
                    return Err(reject(*pos, "the cursor stands between quotes and outside of them"));
                }
                self.found = Some(here);
                return Ok(here);
            }
            _ => {}
        }
        let function = match here {
            LexicalContext::Document => VALUE,
            LexicalContext::Text | LexicalContext::Comment => TEXT,
            LexicalContext::Escape => return Err(reject(action.pos, "a value stands behind a backslash")),
            LexicalContext::Block => {
                return Err(reject(action.pos, "a value stands between three quotes; put it between one"));
            }
        };
        let pos = action.pos;
        let args = vec![Expr::Identifier(pos, SmolStr::new_static(function))];
        action.pipe.commands.push(CommandNode { pos, args });
        Ok(here)
    }
}

/// The one operand that a pipeline is.
fn only(pipe: &PipeNode) -> Option<&Expr> {
    match &pipe.commands[..] {
        [CommandNode { args, .. }] if args.len() == 1 => args.first(),
        _ => None,
    }
}

fn reject(pos: Pos, reason: &str) -> TemplateRejected {
    TemplateRejected { at: Place::Offset(pos.offset), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
