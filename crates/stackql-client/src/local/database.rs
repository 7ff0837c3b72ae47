//! Database queries: runs a query on a PostgreSQL database and returns its rows as a response. Owns the mapping of rows and
//! database errors to responses; connections are those of `stackql-postgres`.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use secrecy::ExposeSecret;
use serde_json::json;
use stackql_call::{Response, TransportErrorKind};
use stackql_postgres::{Address, ConnectError, ConnectionErrorKind, TlsOptions};
use stackql_provider::Auth;
use tokio_postgres::Client as Connection;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::http::client::{AttemptFailure, Client, MAX_BODY};

/// The database of a provider.
pub(crate) struct Database {
    address: Address,
    trust: TlsOptions,
    /// The URL in messages and attempt records.
    pub(crate) url: String,
}

/// A query parameter in text format, which the server parses as whatever type the query gives it.
#[derive(Debug)]
struct Text<'a>(&'a str);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Database {
    /// The database of the auth context that applies to the provider.
    pub(crate) fn find(client: &Client, provider: &str, auth: &Auth) -> Result<Self, AttemptFailure> {
        let configuration = |message: String| (TransportErrorKind::Configuration, message);
        let authoriser = client.authorisers.for_service(&client.settings, provider, auth)?;
        let dsn = authoriser.database(&client.settings.environment)?;
        let settings = &client.settings;
        let address = Address::parse(dsn.expose_secret(), settings.request_timeout).ok_or_else(|| {
            configuration(format!(
                "provider {provider}: sqlDataSource.dsn is no address of a PostgreSQL database; write it as postgres://user:password@host:5432/database"
            ))
        })?;
        let trust = TlsOptions { ca_bundle: settings.ca_bundle.clone(), allow_insecure: settings.allow_insecure };
        let url = address.to_string();
        Ok(Self { address, trust, url })
    }

    /// Runs a query; the body of the response is a JSON list of its rows as objects.
    pub(crate) async fn rows(
        &self,
        client: &Client,
        text: &str,
        values: &[String],
    ) -> Result<Response, AttemptFailure> {
        match tokio::time::timeout(client.settings.request_timeout, self.answer(client, text, values)).await {
            Ok(answer) => answer,
            Err(_) => Err((
                TransportErrorKind::Timeout,
                format!(
                    "no answer from {} within {} s; try again or raise the request timeout",
                    self.url,
                    client.settings.request_timeout.as_secs_f32()
                ),
            )),
        }
    }

    async fn answer(&self, client: &Client, text: &str, values: &[String]) -> Result<Response, AttemptFailure> {
        // The database encodes the JSON, so that all of its types are represented as it defines and no number is rounded.
        let text = format!("SELECT row_to_json(row_of_answer)::text FROM ({text}) AS row_of_answer");
        let connections = &client.databases;
        loop {
            let lease = match connections.lease(&self.address, &self.trust).await {
                Ok(lease) => lease,
                Err(ConnectError::Settings(message)) => return Err((TransportErrorKind::Configuration, message)),
                Err(ConnectError::Database(error)) => return self.refusal(&error, "cannot connect to"),
            };
            match body(lease.connection(), &text, values).await {
                Ok(Some(body)) => {
                    connections.give_back(&self.address, lease);
                    return Ok(Response { status: 200, body, ..Response::default() });
                }
                Ok(None) => {
                    let message = format!("the answer of {} is larger than 256 MiB; ask for fewer rows", self.url);
                    return Err((TransportErrorKind::Configuration, message));
                }
                // The server may have closed a pooled connection meanwhile: discard it and try another one.
                Err(error) if lease.is_used && ConnectionErrorKind::is_lost(&error) => lease.discard(),
                Err(error) => {
                    match error.as_db_error() {
                        Some(_) => connections.give_back(&self.address, lease),
                        None => lease.discard(),
                    }
                    return self.refusal(&error, "no answer from");
                }
            }
        }
    }

    /// An error that the database reported becomes a response; any other error is a transport failure.
    fn refusal(&self, error: &tokio_postgres::Error, what: &str) -> Result<Response, AttemptFailure> {
        if let Some(said) = error.as_db_error() {
            return Ok(error_response(said));
        }
        let why = ConnectionErrorKind::words(error);
        let (kind, advice) = match ConnectionErrorKind::classify(error) {
            Some(ConnectionErrorKind::Tls) => {
                (TransportErrorKind::Tls, "if its certificate is your own, give its CA with the CA bundle option")
            }
            Some(ConnectionErrorKind::Credentials) => {
                (TransportErrorKind::Credentials, "check user and password of sqlDataSource.dsn")
            }
            Some(ConnectionErrorKind::Lost) => (TransportErrorKind::Broken, "try again"),
            Some(ConnectionErrorKind::Unreached) | None => {
                (TransportErrorKind::Connect, "check the address and that the database runs")
            }
        };
        Err((kind, format!("{what} {}: {why}; {advice}", self.url)))
    }
}

/// Reads all rows as a JSON list; `None` if they exceed [`MAX_BODY`] bytes.
async fn body(connection: &Connection, text: &str, values: &[String]) -> Result<Option<Bytes>, tokio_postgres::Error> {
    let values: Vec<Text<'_>> = values.iter().map(|value| Text(value)).collect();
    let statement = connection.prepare(text).await?;
    let mut rows =
        pin!(connection.query_raw(&statement, values.iter().map(|value| value as &(dyn ToSql + Sync))).await?);
    let mut body = BytesMut::from(&b"["[..]);
    while let Some(row) = rows.try_next().await? {
        let row: &str = row.try_get(0)?;
        if body.len() > 1 {
            body.extend_from_slice(b",");
        }
        body.extend_from_slice(row.as_bytes());
        if body.len() > MAX_BODY {
            return Ok(None);
        }
    }
    body.extend_from_slice(b"]");
    Ok(Some(body.freeze()))
}

/// The response for a database error: its code is the SQLSTATE, and its HTTP status follows from the SQLSTATE class.
fn error_response(said: &DbError) -> Response {
    let code = said.code();
    let status = match code.code() {
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => 403,
        class if class.starts_with("28") => 401,
        class if class.starts_with("53") => 503,
        class if ["08", "57", "58", "XX"].iter().any(|server| class.starts_with(server)) => 500,
        _ => 400,
    };
    let body = json!({ "code": code.code(), "message": said.message() }).to_string();
    Response { status, body: body.into(), ..Response::default() }
}

#[cfg(test)]
mod tests;
