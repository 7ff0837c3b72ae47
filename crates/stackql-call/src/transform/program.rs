//! [`Program`]: a template that is parsed, checked as Go's parser checks it, and instrumented with calls that record the
//! position and the cost of each step. Owns what is known of a template before it is run.

use gotmpl::TemplateError;
use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, Expr, ListNode, Node, Number, Parser, PipeNode, Pos, SmolStr,
};

/// The name of the main template, which no `define` can redefine.
pub(super) const MAIN: &str = "(main)";
/// Called where a part of the template begins, with its offset and its number of steps.
pub(super) const ARRIVE: &str = "(arrive)";
/// Called with a factor and a value before the value goes to a function that copies it; charges the cost, returns the value.
pub(super) const WEIGH: &str = "(weigh)";
/// As [`WEIGH`], in a script; returns lists and maps as JSON text.
pub(super) const AS_JSON: &str = "(as JSON)";
/// Called with the format of a `printf`; charges the cost, returns the format.
pub(super) const FORMAT: &str = "(format)";
/// Called with a number for a float verb of `printf`; returns a float, because in Go all numbers of documents are floats.
pub(super) const FLOAT: &str = "(float)";

/// The engine's functions that copy their arguments, with the maximum number of copies.
const COPIERS: [(&str, i64); 7] =
    [("print", 1), ("println", 1), ("html", 6), ("js", 6), ("urlquery", 3), ("slice", 1), ("printf", 8)];
/// The engine's functions whose cost does not depend on the size of the arguments.
const OTHERS: [&str; 6] = ["and", "or", "not", "len", "index", "call"];

/// The templates of a program by name, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) templates: Vec<(String, ListNode)>,
}

/// How lists and maps are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Printing {
    /// As Go prints them, `map[a:1]`.
    Go,
    /// As JSON.
    Json,
}

/// Why a template is rejected, and where.
#[derive(Debug)]
pub(super) struct TemplateRejected {
    pub(super) at: Place,
    pub(super) reason: String,
}

/// A position in a template.
#[derive(Debug)]
pub(super) enum Place {
    Offset(usize),
    LineColumn(usize, usize),
}

impl Program {
    /// Parses `source`. `known` decides which functions exist besides the engine's, `printing` how lists and maps are
    /// printed.
    pub(super) fn parse(
        source: &str,
        printing: Printing,
        known: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TemplateRejected> {
        let parsed = Parser::new(source, "{{", "}}").and_then(Parser::parse);
        let (main, defines) = parsed.map_err(|error| match error {
            TemplateError::Parse { line, col, message, .. } | TemplateError::Lex { line, col, message, .. } => {
                TemplateRejected { at: Place::LineColumn(line.max(1), col.max(1)), reason: message }
            }
            other => TemplateRejected { at: Place::Offset(0), reason: other.to_string() },
        })?;
        let mut templates: Vec<(String, ListNode)> = Vec::new();
        for define in defines {
            let marked = Instrumenter::new(known, printing).list(&define.body)?;
            match templates.iter_mut().find(|(name, _)| *name == define.name.as_str()) {
                // As in Go: an empty definition replaces no other one, and two non-empty ones are an error.
                Some(_) if define.body.is_empty_tree() => {}
                Some((name, body)) if !body.nodes.is_empty() && !is_only_arrival(body) => {
                    let reason = format!("multiple definition of template \"{name}\"");
                    return Err(TemplateRejected { at: Place::Offset(define.pos.offset), reason });
                }
                Some((_, body)) => *body = marked,
                None => templates.push((define.name.to_string(), marked)),
            }
        }
        templates.push((MAIN.to_owned(), Instrumenter::new(known, printing).list(&main)?));
        Ok(Self { templates })
    }

    /// The main template.
    pub(super) fn main(&mut self) -> Option<&mut ListNode> {
        self.templates.last_mut().map(|(_, body)| body)
    }
}

/// Whether an instrumented body has nothing but its first mark and white space.
fn is_only_arrival(body: &ListNode) -> bool {
    body.nodes.iter().skip(1).all(|node| matches!(node, Node::Text(text) if text.text.trim().is_empty()))
}

/// Walks the tree of one template and builds the instrumented tree.
struct Instrumenter<'a> {
    known: &'a dyn Fn(&str) -> bool,
    printing: Printing,
    /// The declared variables, innermost last.
    variables: Vec<SmolStr>,
    /// The number of expressions in the current part.
    steps: usize,
}

impl<'a> Instrumenter<'a> {
    fn new(known: &'a dyn Fn(&str) -> bool, printing: Printing) -> Self {
        Self { known, printing, variables: vec![SmolStr::new_static("$")], steps: 1 }
    }

    /// Each list begins with a mark, so that empty loops and recursive templates are counted too.
    fn list(&mut self, list: &ListNode) -> Result<ListNode, TemplateRejected> {
        let mut nodes = vec![arrival(list.pos, 1)];
        for node in &list.nodes {
            self.steps = 1;
            let (pos, marked) = match node {
                Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => {
                    nodes.push(node.clone());
                    continue;
                }
                Node::List(inner) => (inner.pos, Node::List(self.list(inner)?)),
                Node::Action(action) => {
                    let mut pipe = self.pipe(&action.pipe)?;
                    if self.printing == Printing::Json && pipe.decl.is_empty() {
                        pipe.commands.push(CommandNode { pos: action.pos, args: mark(action.pos, AS_JSON, 1) });
                    }
                    (action.pos, Node::Action(ActionNode { pos: action.pos, pipe }))
                }
                Node::If(branch) => self.branch(branch, &mut nodes, Node::If)?,
                Node::Range(branch) => self.branch(branch, &mut nodes, Node::Range)?,
                Node::With(branch) => self.branch(branch, &mut nodes, Node::With)?,
                Node::Template(call) => {
                    let mut call = call.clone();
                    // Without a pipeline, `template` passes nil, as in Go; the engine would pass the current value.
                    call.pipe = Some(match &call.pipe {
                        Some(pipe) => self.pipe(pipe)?,
                        None => arrive(call.pos, 1, Vec::new()),
                    });
                    (call.pos, Node::Template(call))
                }
            };
            if !matches!(node, Node::If(_) | Node::Range(_) | Node::With(_)) {
                nodes.push(arrival(pos, self.steps));
            }
            nodes.push(marked);
        }
        Ok(ListNode { pos: list.pos, nodes })
    }

    /// The mark of a branch covers its pipeline only, so it is inserted before the bodies are walked.
    fn branch(
        &mut self,
        branch: &BranchNode,
        nodes: &mut Vec<Node>,
        node: fn(BranchNode) -> Node,
    ) -> Result<(Pos, Node), TemplateRejected> {
        let outside = self.variables.len();
        let pipe = self.pipe(&branch.pipe)?;
        nodes.push(arrival(branch.pos, self.steps));
        let body = self.list(&branch.body)?;
        let else_body = branch.else_body.as_ref().map(|body| self.list(body)).transpose()?;
        self.variables.truncate(outside);
        Ok((branch.pos, node(BranchNode { pos: branch.pos, pipe, body, else_body })))
    }

    fn pipe(&mut self, pipe: &PipeNode) -> Result<PipeNode, TemplateRejected> {
        for name in &pipe.decl {
            if !pipe.is_assign {
                self.variables.push(name.clone());
            } else if !self.variables.contains(name) {
                return Err(undefined_variable(pipe.pos, name));
            }
        }
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (at, command) in pipe.commands.iter().enumerate() {
            let piped = at > 0;
            let function = match command.args.first() {
                Some(Expr::Identifier(_, name)) => Some(name.as_str()),
                Some(Expr::Chain(_, inner, _)) => match &**inner {
                    Expr::Identifier(_, name) => Some(name.as_str()),
                    _ => None,
                },
                _ => None,
            };
            let factor = COPIERS.iter().find(|(name, _)| function == Some(name)).map(|(_, factor)| *factor);
            let is_printf = function == Some("printf");
            // The result of `slice` on a list is a list, which is not printed yet.
            let weigh = match self.printing {
                Printing::Json if function != Some("slice") => AS_JSON,
                _ => WEIGH,
            };
            let verbs = match command.args.get(1) {
                Some(Expr::String(_, format)) if is_printf => verbs(format),
                _ => Vec::new(),
            };
            let is_float = |position: usize| {
                let verb = position.checked_sub(2).and_then(|at| verbs.get(at));
                verb.is_some_and(|verb| matches!(verb, 'e' | 'E' | 'f' | 'F' | 'g' | 'G'))
            };
            let mut args = Vec::with_capacity(command.args.len());
            for (position, arg) in command.args.iter().enumerate() {
                let arg = self.expr(arg)?;
                args.push(match factor {
                    Some(_) if is_printf && position == 1 => call_expr(FORMAT, &[], arg),
                    Some(_) if is_float(position) => call_expr(FLOAT, &[], arg),
                    Some(factor) if position > 0 => call_expr(weigh, &[factor], arg),
                    _ => arg,
                });
            }
            if let (Some(factor), true) = (factor, piped) {
                let pos = command.pos;
                let mut weighing = mark(pos, weigh, factor);
                if is_printf && args.len() == 1 {
                    weighing = vec![Expr::Identifier(pos, SmolStr::new_static(FORMAT))];
                } else if is_float(args.len()) {
                    weighing = vec![Expr::Identifier(pos, SmolStr::new_static(FLOAT))];
                }
                commands.push(CommandNode { pos, args: weighing });
            }
            commands.push(CommandNode { pos: command.pos, args });
        }
        Ok(PipeNode { pos: pipe.pos, decl: pipe.decl.clone(), commands, is_assign: pipe.is_assign })
    }

    fn expr(&mut self, expr: &Expr) -> Result<Expr, TemplateRejected> {
        self.steps += 1;
        Ok(match expr {
            Expr::Identifier(pos, name) => {
                let of_engine = COPIERS.iter().any(|(copier, _)| copier == name) || OTHERS.contains(&name.as_str());
                if !of_engine && !(self.known)(name) {
                    let reason = format!("function \"{name}\" is not defined in this template type");
                    return Err(TemplateRejected { at: Place::Offset(pos.offset), reason });
                }
                expr.clone()
            }
            Expr::Variable(pos, name, _) if !self.variables.contains(name) => {
                return Err(undefined_variable(*pos, name));
            }
            Expr::Pipe(pos, pipe) => Expr::Pipe(*pos, self.pipe(pipe)?),
            Expr::Chain(pos, inner, fields) => Expr::Chain(*pos, Box::new(self.expr(inner)?), fields.clone()),
            _ => expr.clone(),
        })
    }
}

/// The verbs of a format in the order of their values; empty if it takes values out of order.
fn verbs(format: &str) -> Vec<char> {
    let (mut verbs, mut rest) = (Vec::new(), format);
    while let Some((_, after)) = rest.split_once('%') {
        let flags =
            after.trim_start_matches(['+', '-', '#', ' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.']);
        let mut following = flags.chars();
        match following.next() {
            Some('*' | '[') => return Vec::new(),
            Some('%') | None => {}
            Some(verb) => verbs.push(verb),
        }
        rest = following.as_str();
    }
    verbs
}

fn undefined_variable(pos: Pos, name: &str) -> TemplateRejected {
    TemplateRejected { at: Place::Offset(pos.offset), reason: format!("undefined variable \"{name}\"") }
}

fn number(pos: Pos, number: i64) -> Expr {
    Expr::Number(pos, Number::Int(number))
}

/// The call `name factor`, which takes the piped value.
fn mark(pos: Pos, name: &'static str, factor: i64) -> Vec<Expr> {
    vec![Expr::Identifier(pos, SmolStr::new_static(name)), number(pos, factor)]
}

/// The call `(name numbers… last)`.
fn call_expr(name: &'static str, numbers: &[i64], last: Expr) -> Expr {
    let pos = last.pos();
    let mut args = vec![Expr::Identifier(pos, SmolStr::new_static(name))];
    args.extend(numbers.iter().map(|n| number(pos, *n)));
    args.push(last);
    let commands = vec![CommandNode { pos, args }];
    Expr::Pipe(pos, PipeNode { pos, decl: Vec::new(), commands, is_assign: false })
}

/// A mark: an action whose result is assigned to a variable that no template can name, so that it writes nothing.
fn arrival(pos: Pos, steps: usize) -> Node {
    Node::Action(ActionNode { pos, pipe: arrive(pos, steps, vec![SmolStr::new_static(ARRIVE)]) })
}

/// The call of a mark, which returns nil.
fn arrive(pos: Pos, steps: usize, decl: Vec<SmolStr>) -> PipeNode {
    let whole = |n: usize| number(pos, i64::try_from(n).unwrap_or(i64::MAX));
    let args = vec![Expr::Identifier(pos, SmolStr::new_static(ARRIVE)), whole(pos.offset), whole(steps)];
    PipeNode { pos, decl, commands: vec![CommandNode { pos, args }], is_assign: false }
}
