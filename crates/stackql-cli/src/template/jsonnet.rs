//! Evaluates Jsonnet to JSON. Imports are disabled, because the text may come from another source.

use std::collections::BTreeMap;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalStackTraceItem, ImportError, NativeError, Program, Thunk, Value,
};
use rsjsonnet_lang::span::{SpanContextId, SpanId};

use super::problem::{TemplateError, failed, unreadable};
use crate::exit::print_stderr;

/// Maximum depth of the evaluation stack.
const DEPTH: usize = 500;
/// Maximum number of characters quoted in a syntax error.
const QUOTED: usize = 20;

/// Evaluates a text with the variables that `std.extVar` returns; the last value of a name counts.
///
/// # Errors
///
/// The position and reason of the first error.
pub(super) fn evaluated(text: &str, variables: &[(String, String)]) -> Result<String, TemplateError> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    program.set_max_stack(DEPTH);
    for (name, value) in variables.iter().cloned().collect::<BTreeMap<_, _>>() {
        let name = program.intern_str(&name);
        let value = program.value_to_thunk(&Value::string(&value));
        program.add_ext_var(name, &value);
    }
    let (context, _) = program.span_manager_mut().insert_source_context(text.len());
    let source = Source { text, context };
    let loaded = program.load_source(context, text.as_bytes(), true, "data");
    let thunk = loaded.map_err(|error| {
        let (span, reason) = unreadable(&error);
        source.problem(&program, [span], reason)
    })?;
    let value = program.eval_value(&thunk, &mut SingleFileResolver).map_err(|e| source.failure(&program, &e))?;
    program.manifest_json(&value, false).map_err(|e| source.failure(&program, &e))
}

/// The text being evaluated.
struct Source<'a> {
    text: &'a str,
    context: SpanContextId,
}

impl Source<'_> {
    fn failure(&self, program: &Program<'_>, error: &EvalError) -> TemplateError {
        let (span, reason) = failed(&error.kind);
        // An error within the standard library is reported at the position in the text that called it.
        let called = error.stack_trace.iter().rev().filter_map(|item| match item {
            EvalStackTraceItem::Expr { span }
            | EvalStackTraceItem::Variable { span, .. }
            | EvalStackTraceItem::Import { span } => Some(*span),
            EvalStackTraceItem::Call { span, .. }
            | EvalStackTraceItem::ArrayItem { span, .. }
            | EvalStackTraceItem::ObjectField { span, .. } => *span,
            _ => None,
        });
        self.problem(program, span.into_iter().chain(called), Some(reason))
    }

    /// An error at the first of the spans that lies in the text.
    fn problem(
        &self,
        program: &Program<'_>,
        spans: impl IntoIterator<Item = SpanId>,
        reason: Option<String>,
    ) -> TemplateError {
        let spans = spans.into_iter().map(|span| program.span_manager().get_span(span));
        let here = spans.filter(|(context, ..)| *context == self.context).map(|(_, start, end)| (start, end)).next();
        let place = here.and_then(|(start, _)| self.text.get(..start)).map(|before| {
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            (before.matches('\n').count() + 1, column)
        });
        let quoted = here.and_then(|(start, end)| self.text.get(start..end)).filter(|text| !text.is_empty());
        let reason = reason.unwrap_or_else(|| match quoted {
            Some(text) => format!("'{}' does not belong here", text.chars().take(QUOTED).collect::<String>()),
            None => "it ends too early".to_owned(),
        });
        TemplateError { place, reason }
    }
}

/// Denies access to files and native functions.
struct SingleFileResolver;

impl<'p> Callbacks<'p> for SingleFileResolver {
    fn import(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<Thunk<'p>, ImportError> {
        Err(ImportError)
    }

    fn import_str(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<String, ImportError> {
        Err(ImportError)
    }

    fn import_bin(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<Vec<u8>, ImportError> {
        Err(ImportError)
    }

    fn trace(&mut self, _: &mut Program<'p>, message: &str, _: &[EvalStackTraceItem]) {
        print_stderr(&format!("trace: {message}"));
    }

    fn native_call(
        &mut self,
        _: &mut Program<'p>,
        _: InternedStr<'p>,
        _: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        Err(NativeError)
    }
}
