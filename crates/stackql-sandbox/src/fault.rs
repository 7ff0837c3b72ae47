//! Fault injection: the kinds of faults, and their command-line syntax.

pub(crate) mod schedule;

use std::str::FromStr;

/// A fault that is injected into responses to an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The action, such as `DescribeVpcs`; `*` matches all.
    pub action: String,
    /// The kind of fault.
    pub kind: FaultKind,
    /// How often it occurs; `None` means always.
    pub times: Option<u32>,
}

/// Kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Status 500, `InternalError`; the action is not performed.
    InternalError,
    /// Status 503, `Unavailable`; the action is not performed.
    Unavailable,
    /// The body is cut off.
    Truncated,
    /// The body is an HTML page with status 200.
    NotXml,
    /// Every page of a list returns the token of its request, so the list never ends.
    RepeatedToken,
    /// The endpoint never responds.
    Hang,
    /// Status 400 with this code; the action is not performed.
    Code(String),
}

/// A text that specifies no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no fault; write ACTION=FAULT or ACTION=FAULT*TIMES, where FAULT is 500, 503, truncated, not-xml, repeated-token, hang or an error code"
)]
pub struct FaultError {
    /// The invalid text.
    pub text: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = || FaultError { text: text.to_owned() };
        let (action, fault) = text.split_once('=').ok_or_else(wrong)?;
        let (kind, times) = match fault.split_once('*') {
            None => (fault, None),
            Some((kind, times)) => (kind, Some(times.parse().map_err(|_| wrong())?)),
        };
        let kind = match kind {
            "500" => FaultKind::InternalError,
            "503" => FaultKind::Unavailable,
            "truncated" => FaultKind::Truncated,
            "not-xml" => FaultKind::NotXml,
            "repeated-token" => FaultKind::RepeatedToken,
            "hang" => FaultKind::Hang,
            code if code.starts_with(|c: char| c.is_ascii_uppercase()) => FaultKind::Code(code.to_owned()),
            _ => return Err(wrong()),
        };
        match action.is_empty() {
            true => Err(wrong()),
            false => Ok(Self { action: action.to_owned(), kind, times }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_names_action_kind_and_times() {
        let fault = |action: &str, kind, times| Ok(Fault { action: action.to_owned(), kind, times });
        assert_eq!("DescribeVpcs=500*2".parse(), fault("DescribeVpcs", FaultKind::InternalError, Some(2)));
        assert_eq!("*=hang".parse(), fault("*", FaultKind::Hang, None));
        let code = FaultKind::Code("UnauthorizedOperation".to_owned());
        assert_eq!("CreateVpc=UnauthorizedOperation".parse(), fault("CreateVpc", code, None));
        for wrong in ["", "DescribeVpcs", "=500", "DescribeVpcs=", "DescribeVpcs=501", "DescribeVpcs=500*x"] {
            assert_eq!(wrong.parse::<Fault>(), Err(FaultError { text: wrong.to_owned() }));
        }
    }
}
