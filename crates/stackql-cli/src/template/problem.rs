//! Error messages for template data, derived from the error kinds of the jsonnet crate.

use std::fmt;

use rsjsonnet_lang::ast::BinaryOp;
use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::ParseError;
use rsjsonnet_lang::program::{AnalyzeError, EvalErrorKind as Kind, EvalErrorValueType as Type, LoadError};
use rsjsonnet_lang::span::SpanId;

/// An error with its line and column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TemplateError {
    pub(super) place: Option<(usize, usize)>,
    pub(super) reason: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// Position and reason of a syntax error. Without a reason, the text at the position is unexpected.
pub(super) fn unreadable(error: &LoadError) -> (SpanId, Option<String>) {
    match error {
        LoadError::Lex(error) => match error {
            LexError::UnfinishedString { span } => (*span, Some("the string does not end".to_owned())),
            LexError::UnfinishedMultilineComment { span } => (*span, Some("the comment does not end".to_owned())),
            LexError::MissingLineBreakAfterTextBlockStart { span }
            | LexError::MissingWhitespaceTextBlockStart { span }
            | LexError::InvalidTextBlockTermination { span } => {
                (*span, Some("the text block has no indented lines and a last ||| of its own".to_owned()))
            }
            LexError::InvalidChar { span, .. }
            | LexError::InvalidUtf8 { span, .. }
            | LexError::LeadingZeroInNumber { span }
            | LexError::MissingFracDigits { span }
            | LexError::MissingExpDigits { span }
            | LexError::MissingDigitAfterUnderscore { span }
            | LexError::ExpOverflow { span }
            | LexError::InvalidEscapeInString { span, .. }
            | LexError::IncompleteUnicodeEscape { span }
            | LexError::InvalidUtf16EscapeSequence { span, .. } => (*span, None),
        },
        LoadError::Parse(ParseError::Expected { span, .. }) => (*span, None),
        LoadError::Analyze(error) => match error {
            AnalyzeError::UnknownVariable { span, name } => (*span, Some(format!("there is no variable '{name}'"))),
            AnalyzeError::SelfOutsideObject { self_span: span }
            | AnalyzeError::SuperOutsideObject { super_span: span }
            | AnalyzeError::DollarOutsideObject { dollar_span: span } => (*span, Some("there is no object".to_owned())),
            AnalyzeError::RepeatedLocalName { repeated_span, name, .. }
            | AnalyzeError::RepeatedFieldName { repeated_span, name, .. }
            | AnalyzeError::RepeatedParamName { repeated_span, name, .. } => {
                (*repeated_span, Some(format!("'{name}' is there twice")))
            }
            AnalyzeError::PositionalArgAfterNamed { arg_span } => {
                (*arg_span, Some("arguments with names come last".to_owned()))
            }
            AnalyzeError::TextBlockAsImportPath { span } | AnalyzeError::ComputedImportPath { span } => {
                (*span, Some(NO_IMPORTS.to_owned()))
            }
        },
    }
}

/// Reason for rejecting imports: data comes from one text and the command line.
const NO_IMPORTS: &str = "there are no imports here; give the data whole, or by --var";

/// Reason, and position if known, of an evaluation error.
pub(super) fn failed(kind: &Kind) -> (Option<SpanId>, String) {
    let of = |span: &SpanId, reason: String| (Some(*span), reason);
    match kind {
        Kind::StackOverflow | Kind::InfiniteRecursion => (None, "it goes round in circles, or too deep".to_owned()),
        Kind::InvalidIndexedType { span, got_type } | Kind::InvalidSlicedType { span, got_type } => {
            of(span, format!("{} has no members", name(*got_type)))
        }
        Kind::SliceIndexOrStepIsNotNumber { span, got_type }
        | Kind::StringIndexIsNotNumber { span, got_type }
        | Kind::ArrayIndexIsNotNumber { span, got_type }
        | Kind::ObjectIndexIsNotString { span, got_type }
        | Kind::FieldNameIsNotString { span, got_type } => of(span, format!("{} is no index here", name(*got_type))),
        Kind::NumericIndexIsNotValid { span, index } => of(span, format!("{index} is no index")),
        Kind::NumericIndexOutOfRange { span, index, length } => of(span, format!("there is no {index} in {length}")),
        Kind::RepeatedFieldName { span, name } => of(span, format!("'{name}' is there twice")),
        Kind::UnknownObjectField { span, field_name } => of(span, format!("there is no field '{field_name}'")),
        Kind::FieldOfNonObject { span } | Kind::SuperWithoutSuperObject { span } => {
            of(span, "it is no object".to_owned())
        }
        Kind::ForSpecValueIsNotArray { span, got_type } => {
            of(span, format!("{} is no array to go over", name(*got_type)))
        }
        Kind::CondIsNotBool { span, got_type } => of(span, format!("{} is neither true nor false", name(*got_type))),
        Kind::CalleeIsNotFunction { span, got_type } => (*span, format!("{} is no function", name(*got_type))),
        Kind::TooManyCallArgs { span, num_params } => (*span, format!("the function takes {num_params} arguments")),
        Kind::UnknownCallParam { span, param_name }
        | Kind::RepeatedCallParam { span, param_name }
        | Kind::CallParamNotBound { span, param_name } => {
            (*span, format!("the function's parameter '{param_name}' is to be given once"))
        }
        Kind::NativeCallFailed => (None, "there are no functions of the program here".to_owned()),
        Kind::InvalidUnaryOpType { span, rhs_type, .. } => of(span, format!("not for {}", name(*rhs_type))),
        Kind::InvalidBinaryOpTypes { span, op, lhs_type, rhs_type } => {
            (*span, format!("no '{}' of {} and {}", sign(*op), name(*lhs_type), name(*rhs_type)))
        }
        Kind::NumberNotBitwiseSafe { span }
        | Kind::NumberOverflow { span }
        | Kind::NumberNan { span }
        | Kind::ShiftByNegative { span } => (*span, "the number is beyond what numbers can be".to_owned()),
        Kind::DivByZero { span } => (*span, "something is divided by zero".to_owned()),
        Kind::InvalidStdFuncArgType { func_name, arg_index, got_type, .. } => {
            (None, format!("std.{func_name} does not take {} as argument {}", name(*got_type), arg_index + 1))
        }
        Kind::AssertFailed { span, message } => {
            of(span, message.clone().unwrap_or_else(|| "what is asserted is not so".to_owned()))
        }
        Kind::AssertEqualFailed { lhs, rhs } => (None, format!("{lhs} is not {rhs}")),
        Kind::ExplicitError { span, message } => of(span, message.clone()),
        Kind::ImportFailed { span, .. } => of(span, NO_IMPORTS.to_owned()),
        Kind::UnknownExtVar { name } => (None, format!("std.extVar('{name}') is not given; give --var {name}=…")),
        Kind::ManifestFunction => (None, "a function is no data".to_owned()),
        Kind::CompareNullInequality
        | Kind::CompareBooleanInequality
        | Kind::CompareObjectInequality
        | Kind::CompareFunctions
        | Kind::CompareDifferentTypesInequality { .. }
        | Kind::PrimitiveEqualsNonPrimitive { .. } => (None, "these values cannot be compared".to_owned()),
        Kind::Other { span, message } => (*span, message.clone()),
    }
}

fn name(of: Type) -> &'static str {
    match of {
        Type::Null => "null",
        Type::Bool => "a truth value",
        Type::Number => "a number",
        Type::String => "a string",
        Type::Array => "an array",
        Type::Object => "an object",
        Type::Function => "a function",
    }
}

fn sign(of: BinaryOp) -> &'static str {
    match of {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::In => "in",
        BinaryOp::BitwiseAnd => "&",
        BinaryOp::BitwiseOr => "|",
        BinaryOp::BitwiseXor => "^",
        BinaryOp::LogicAnd => "&&",
        BinaryOp::LogicOr => "||",
    }
}
