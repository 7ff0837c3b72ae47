//! Methods that run local programs: `protocolType: local_templated`. Owns the command's words and its parameters;
//! responses are compiled as those of any method.

use stackql_provider::{Location, Method, Parameter, Protocol, RequestShape, Type, Types, Verb};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::{CompiledMethod, Operation};
use super::response;
use super::schema::merged;

const LOCAL: &str = "local_templated";

/// Whether the methods of a service are commands, by the nearest configuration or the provider's document.
pub(super) fn is_local(provider: NodeRef<'_>, config: &Config<'_>) -> bool {
    let said = config.get("protocolType").and_then(NodeRef::scalar).or(provider.text("protocolType"));
    said.is_some_and(|protocol| protocol.trim() == LOCAL)
}

/// Compiles a method. `operation` provides the parameters and the response that the method does not describe itself.
pub(super) fn compile<'a>(
    name: &str,
    at: NodeRef<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    types: &mut Types,
) -> Result<CompiledMethod, Diagnostic> {
    let medium = medium(name, at)?;
    let parameters = parameters(at, operation, types);
    let (response, columns) = response::compile(at, operation, types)?;
    let said = |key: &str| operation.at.text(key).or(at.text(key));
    let method = Method {
        name: name.to_owned(),
        operation: said("operationId").unwrap_or(name).to_owned(),
        verb,
        description: said("description").or(said("summary")).unwrap_or_default().to_owned(),
        parameters,
        request: RequestShape { protocol: medium, ..RequestShape::default() },
        response,
        paging: None,
        ..Method::default()
    };
    Ok(CompiledMethod { method, columns, problems: Vec::new() })
}

/// The parameters of operation, path item and method, given as lists or by name. Their declared location is ignored,
/// because commands have none.
fn parameters<'a>(method: NodeRef<'a>, operation: &Operation<'a>, types: &mut Types) -> Vec<Parameter> {
    let all = || [operation.at, operation.item, method].into_iter().filter_map(|at| at.get("parameters"));
    let listed =
        all().flat_map(NodeRef::items).filter_map(|at| at.target().ok()).filter_map(|at| Some((at.text("name")?, at)));
    let named = all().flat_map(NodeRef::entries).filter_map(|(name, at)| Some((name, at.target().ok()?)));
    let mut out: Vec<Parameter> = Vec::new();
    for (name, at) in listed.chain(named) {
        if out.iter().any(|p| p.name == name) {
            continue;
        }
        let schema = at.get("schema").unwrap_or(at);
        let shape = merged(schema);
        // No server applies a default, so the documented one makes the parameter optional.
        let default = schema.target().ok().and_then(|schema| schema.text("default")).map(str::to_owned);
        out.push(Parameter {
            name: name.to_owned(),
            wire: name.to_owned(),
            location: Location::Query,
            // An argument of a command is text.
            ty: if shape.kind.is_empty() { types.push(Type::String) } else { shape.shallow(types) },
            required: (at.says("required") || at.says("x-alwaysRequired")) && default.is_none(),
            default,
            description: at.text("description").unwrap_or(shape.description).to_owned(),
            ..Parameter::default()
        });
    }
    out
}

/// The words of `inline`.
fn medium(name: &str, at: NodeRef<'_>) -> Result<Protocol, Diagnostic> {
    let wrong = |at: NodeRef<'_>, what: String| {
        Diagnostic::new(at.place(), &what, "give inline as a list of words, the program first, each a text")
    };
    let Some(inline) = at.get("inline") else {
        return Err(wrong(at, format!("the method {name} has no command")));
    };
    let word =
        |at: NodeRef<'_>| at.scalar().map(str::to_owned).ok_or_else(|| wrong(at, "a word that is no text".to_owned()));
    let mut words = inline.items().map(word).collect::<Result<Vec<_>, _>>()?.into_iter();
    let program = words.next().filter(|program| !program.trim().is_empty());
    let program = program.ok_or_else(|| wrong(inline, format!("the command of the method {name} is empty")))?;
    let (chosen, program) = match chosen(&program) {
        Some((chosen, usual)) => (Some(chosen.to_owned()), usual.to_owned()),
        None if program.contains("{{") => {
            let advice = "write the program's name itself, or {{ or .parameters.name \"program\" }}: \
                          nothing else of a statement may choose what runs";
            return Err(Diagnostic::new(inline.place(), "the program of a command is a template", advice));
        }
        None => (None, program),
    };
    Ok(Protocol::Command { program, chosen, arguments: words.collect() })
}

/// The parameter that may select the program, and the default program: `{{ or .parameters.name "program" }}`.
fn chosen(word: &str) -> Option<(&str, &str)> {
    let inside = word.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inside = inside.strip_prefix('-').unwrap_or(inside);
    let inside = inside.strip_suffix('-').unwrap_or(inside).trim();
    let (path, usual) = inside.strip_prefix("or ")?.trim_start().split_once(char::is_whitespace)?;
    let name = path.strip_prefix(".parameters.").or(path.strip_prefix('.'))?;
    let usual = usual.trim();
    let quoted = ['"', '`'].into_iter().find_map(|quote| usual.strip_prefix(quote)?.strip_suffix(quote))?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    // A text that needs escaping within quotes is not accepted as a program name.
    let is_plain = !quoted.trim().is_empty() && !quoted.contains(['"', '`', '\\']);
    (is_name && is_plain).then_some((name, quoted))
}
