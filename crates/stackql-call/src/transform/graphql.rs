//! Contextual escaping for templates that write GraphQL. Owns the lexical context in which each action writes, and how a value
//! is escaped there: inside quotes it cannot end the string, and outside of quotes it stays one value.

use gotmpl::parse::{ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, PipeNode, Pos, SmolStr};

use super::program::{Place, TemplateRejected};

/// The name of the function that escapes a value inside quotes.
pub(super) const TEXT: &str = "(text)";
/// The name of the function that writes a value outside of quotes.
pub(super) const VALUE: &str = "(value)";

/// The lexical context of a position in a GraphQL document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LexicalContext {
    /// Outside of quotes.
    Document,
    /// In a string.
    Text,
    /// In a string, after a backslash.
    Escape,
    /// In a block string, between triple quotes.
    Block,
    /// In a comment.
    Comment,
}

impl LexicalContext {
    /// The context after `text`.
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

/// Appends to each action of a template the escaping function for its context.
#[derive(Debug)]
pub(super) struct ContextualEscaper<'a> {
    /// The field that contains GraphQL and is written unescaped.
    fragment: Option<&'a str>,
    /// The context in which the fragment is written.
    found: Option<LexicalContext>,
    /// The contexts in which the enclosing loops begin, innermost last.
    loops: Vec<LexicalContext>,
}

impl<'a> ContextualEscaper<'a> {
    /// Processes a template that is written in the context `start`, and returns the context of the fragment.
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
            // A declaration or assignment writes nothing.
            return Ok(here);
        }
        match only(&action.pipe) {
            // A string literal is part of the document itself.
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

/// The single operand of a pipeline, if it has no more.
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
