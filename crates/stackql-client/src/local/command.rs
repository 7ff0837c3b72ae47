//! Local commands: runs the program of a request and returns its output as a response. Owns the environment, time limit and
//! output limit of the program. It never runs a shell, and no program at all unless the settings allow it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use bytes::{Bytes, BytesMut};
use serde_json::json;
use stackql_call::{Response, TransportErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::Settings;
use crate::http::client::{AttemptFailure, MAX_BODY};
use crate::local::path_lookup;

/// The flag that allows local commands.
const FLAG: &str = "--allow-local-exec";
/// The maximum length of the standard error output in a message, in characters.
const MAX_WORDS: usize = 600;
const GOOD: u16 = 200;
const GOOD_AND_EMPTY: u16 = 204;
const BAD: u16 = 500;

/// The URL of a command in attempt records.
pub(crate) fn command_url(program: &str) -> String {
    format!("exec:{program}")
}

/// Finds the path of a provider's `program`, if the settings allow local commands.
pub(crate) fn resolve_program(settings: &Settings, provider: &str, program: &str) -> Result<PathBuf, AttemptFailure> {
    let refused = match settings.allow_local_exec {
        true => format!("there is no program {program} on PATH; install it"),
        false => format!(
            "provider {provider} runs programs of this machine, here {program}, and that is not allowed; pass {FLAG} if you trust its definitions"
        ),
    };
    let path = settings.allow_local_exec.then(|| path_lookup::find_in_path(program, &settings.environment)).flatten();
    path.ok_or((TransportErrorKind::Configuration, refused))
}

/// Runs the program at `path`. Its standard output is the body of the response; a failed program yields an error response with
/// the exit code and standard error.
pub(crate) async fn run(
    settings: &Settings,
    path: &Path,
    program: &str,
    arguments: &[String],
) -> Result<Response, AttemptFailure> {
    run_within(settings, path, program, arguments, MAX_BODY).await
}

/// [`run`] with an output limit of `most` bytes.
async fn run_within(
    settings: &Settings,
    path: &Path,
    program: &str,
    arguments: &[String],
    most: usize,
) -> Result<Response, AttemptFailure> {
    let configuration = |message: String| (TransportErrorKind::Configuration, message);
    let mut command = Command::new(path);
    command.args(arguments).env_clear().envs(&settings.environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| configuration(format!("{} cannot be run: {e}", path.display())))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let (out, err) = tokio::try_join!(whole(out, most), beginning(err))?;
        Ok::<_, std::io::Error>((child.wait().await?, out, err))
    };
    match tokio::time::timeout(settings.request_timeout, ended).await {
        Err(_) => Err((
            TransportErrorKind::Timeout,
            format!(
                "{program} did not end within {} s and was stopped; raise the request timeout",
                settings.request_timeout.as_secs_f32()
            ),
        )),
        Ok(Err(e)) if e.kind() == ErrorKind::FileTooLarge => {
            Err(configuration(format!("{program} printed more than {most} bytes and was stopped; ask for less")))
        }
        Ok(Err(e)) => Err((TransportErrorKind::Broken, format!("what {program} printed cannot be read: {e}"))),
        Ok(Ok((status, body, complaint))) => Ok(answer(program, status, body, &complaint)),
    }
}

fn answer(program: &str, status: ExitStatus, body: Bytes, complaint: &[u8]) -> Response {
    if status.success() {
        let status = if body.trim_ascii().is_empty() { GOOD_AND_EMPTY } else { GOOD };
        return Response { status, body, ..Response::default() };
    }
    let said = match path_lookup::complaint(complaint, MAX_WORDS) {
        said if said.is_empty() => "it said nothing on standard error".to_owned(),
        said => said,
    };
    let code = status.code().map_or("killed".to_owned(), |code| format!("exit code {code}"));
    let body = json!({ "code": code, "message": format!("{program}: {said}") }).to_string();
    Response { status: BAD, body: body.into(), ..Response::default() }
}

/// Reads an output stream to its end; fails as soon as it exceeds `most` bytes.
async fn whole(from: Option<impl AsyncRead + Unpin>, most: usize) -> std::io::Result<Bytes> {
    let mut text = BytesMut::new();
    let Some(mut from) = from else { return Ok(text.freeze()) };
    while from.read_buf(&mut text).await? > 0 {
        if text.len() > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
    Ok(text.freeze())
}

/// Reads the beginning of an output stream. The rest is read and discarded, so that the program does not block on a full pipe.
async fn beginning(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    const MOST: usize = 8 << 10;
    let mut text = Vec::new();
    let Some(mut from) = from else { return Ok(text) };
    let mut piece = [0; 4096];
    loop {
        match from.read(&mut piece).await? {
            0 => return Ok(text),
            read => text.extend_from_slice(&piece[..read.min(MOST - text.len().min(MOST))]),
        }
    }
}

#[cfg(test)]
mod tests;
