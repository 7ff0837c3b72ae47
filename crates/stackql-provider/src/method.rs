//! Methods: one operation of an API each, with its parameters, request and response format, paging, pushdown, retry policy
//! and long-running-operation rules. `SHOW METHODS` lists them, and `stackql-call` builds requests from them.

use serde::{Deserialize, Serialize};

use crate::{ClausePushdown, Location, LroRules, Parameter, TypeRef};

/// The SQL verb (statement kind) that calls a method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verb {
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// DELETE.
    Delete,
    /// UPDATE.
    Update,
    /// REPLACE.
    Replace,
    /// EXEC only: no other statement calls the method.
    #[default]
    Exec,
}

/// One operation of an API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The name in SHOW METHODS and EXEC.
    pub name: String,
    /// The operation's identifier in the source document.
    pub operation: String,
    /// The SQL verb that calls it.
    pub verb: Verb,
    /// Human-readable description; empty in fact-only definitions.
    pub description: String,
    /// The parameters, in the order of the source document.
    pub parameters: Vec<Parameter>,
    /// The request format: protocol, URL, headers and body.
    pub request: RequestShape,
    /// The response format: body format, location and type of the rows, and location of errors.
    pub response: ResponseShape,
    /// How to request the next page, if responses are paged.
    pub paging: Option<Paging>,
    /// Predicates on columns that the API can apply (predicate pushdown).
    pub predicate_pushdowns: Vec<PredicatePushdown>,
    /// Clauses of a SELECT that the API can apply (clause pushdown).
    pub clause_pushdown: Option<ClausePushdown>,
    /// How to poll the long-running operation that it starts, if it starts one.
    pub lro: Option<LroRules>,
    /// The method that compensates (undoes) it.
    pub inverse: Option<Inverse>,
    /// The permissions that the caller needs.
    pub permissions: Permissions,
    /// The retry policy, if the source states one.
    pub retry: Option<Retry>,
    /// The values in its requests and responses that the source marks as secret.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}

/// A secret value of a request or response, such as a password or a private key. Everything nested in it is secret, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Secret {
    /// Wire name of the member that contains it, at any depth; `None` for a parameter, and for a member of the response
    /// itself.
    pub parent: Option<String>,
    /// Its wire name.
    pub name: String,
}

/// Retry policy: which failed requests are sent again, and the backoff between the attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Maximum number of attempts, including the first one.
    pub attempts: u32,
    /// Initial backoff, in milliseconds.
    pub first_wait: u64,
    /// Backoff multiplier: the ratio of each backoff to the previous one.
    pub factor: f64,
    /// Maximum backoff, in milliseconds.
    pub longest_wait: u64,
    /// Jitter, as a fraction between 0 and 1: each backoff is randomly lengthened or shortened by up to this part of itself.
    pub jitter: f64,
    /// The HTTP methods whose requests are retried.
    pub http_methods: Vec<String>,
    /// The HTTP status codes of responses after which a request is retried.
    pub statuses: Vec<u16>,
}

/// The permissions that the caller of a method needs, in the provider's terms: `ec2:DescribeVpcs`, or an OAuth scope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Names of the permissions; empty if the source states none.
    pub names: Vec<String>,
    /// Any one of them is sufficient; if false, all are needed.
    pub any: bool,
}

/// The method that compensates (undoes) another method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inverse {
    /// The resource of the inverse method, in the same service.
    pub resource: String,
    /// Its name.
    pub method: String,
    /// Parameters of the inverse method by name, each with the location of its value in the response of the method to undo.
    pub tokens: Vec<(String, ResponseLocation)>,
}

/// The request format: protocol, URL, headers and body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestShape {
    /// The protocol. All other fields apply to HTTP only.
    pub protocol: Protocol,
    /// The HTTP method, in upper case.
    pub http_method: String,
    /// The URL path, with `{name}` placeholders.
    pub path: String,
    /// The media type of the body.
    pub media_type: String,
    /// The media type of the `Accept` header; empty for any.
    #[serde(default)]
    pub accept: String,
    /// Constant form fields, name and value, which every request carries before the parameters.
    pub fixed: Vec<(String, String)>,
    /// How parameters are serialized into the body.
    pub body: BodyStyle,
    /// The base URL, if it is not one of the service's endpoints: a template with `{name}` placeholders for server variables.
    pub url: Option<String>,
    /// A template that renders the body from a JSON object of the parameters, instead of [`Self::body`].
    pub transform: Option<Template>,
}

/// The protocol by which a request is executed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// A local program, run without a shell. Its output is the response.
    Command {
        /// The program. It is not a template, so that no value can select another program except that of `chosen`.
        program: String,
        /// The parameter whose value, if one is bound, replaces `program`.
        chosen: Option<String>,
        /// One template for each argument, in the language of Go's `text/template`. Its data are all parameters by wire name,
        /// and again as members of [`Self::PARAMETERS`]. Parameters without a value are empty texts.
        arguments: Vec<String>,
    },
    /// A table of a relational database, read by one SELECT whose rows are returned as JSON objects.
    Table {
        /// The database schema of the table.
        schema: String,
        /// The name of the table in the database.
        name: String,
        /// The list parameter whose elements `{name, values}` are the conditions of the SELECT: column `name` equals one of
        /// `values`.
        filters: String,
    },
}

impl Protocol {
    /// Key of the object of all parameters in the data of an argument template.
    pub const PARAMETERS: &'static str = "parameters";
    /// Member of a condition that holds the column name.
    pub const NAME: &'static str = "name";
    /// Member of a condition that holds the list of values.
    pub const VALUES: &'static str = "values";
}

/// How parameters are serialized into the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyStyle {
    /// Form fields.
    Form(FormStyle),
    /// Members of a JSON object.
    Json {
        /// The JSON text of the body if no parameter is bound. If it is an object, bound parameters are added to it.
        base: Option<String>,
        /// The member of the body that holds all parameters, as JSON text; `None` if they are members of the body itself.
        wrap: Option<String>,
    },
    /// Child elements of the root element of an XML document.
    Xml {
        /// The name of the root element.
        root: String,
        /// The attributes of the root element, such as a namespace; empty for none.
        attributes: String,
        /// The XML declaration; empty for none.
        declaration: String,
    },
    /// A GraphQL document, as the member `query` of a JSON object.
    GraphQl {
        /// The template of the document, in the language of Go's `text/template`. Its data are the parameters of the body by
        /// wire name, and the rendered `cursor` template as [`Self::CURSOR`].
        query: String,
        /// The template of the cursor argument from the second page on, such as `, after: "{{ .value }}"`. Its data are
        /// the cursor as [`Self::VALUE`].
        cursor: String,
    },
}

impl BodyStyle {
    /// Key of the rendered cursor argument in the data of a query template; empty text for the first page.
    pub const CURSOR: &'static str = "cursor";
    /// Key of the cursor in the data of a cursor template.
    pub const VALUE: &'static str = "value";
}

impl Default for BodyStyle {
    fn default() -> Self {
        Self::Form(FormStyle::default())
    }
}

/// A template that transforms one document into another, in the language of Go's `text/template`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The template type, which selects its functions and input format, such as `golang_template_json_v0.3.0`.
    pub kind: String,
    /// The text of the template.
    pub body: String,
}

/// How nested values are flattened into form fields: `Filter.1.Value.2=x`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FormStyle {
    /// Names and 1-based indexes, joined by dots. A list adds the index only; an empty list sends nothing.
    #[default]
    Indexed,
    /// As [`Self::Indexed`], with the element's name (`member`) between list and index unless the list is flattened.
    /// An empty list sends the bare name.
    IndexedMember,
}

/// The response format: body format, location and type of the rows, and location of errors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseShape {
    /// The media type of the body.
    pub media_type: String,
    /// The format of the body.
    pub format: BodyFormat,
    /// A template that transforms the body into JSON before rows are decoded from it.
    pub transform: Option<Template>,
    /// The name of the response's root element; empty if any name is accepted. A document with another root element, such as
    /// an error page of a proxy, is rejected.
    #[serde(default)]
    pub outermost: String,
    /// Path from the root element (which is not named) to the rows. If it is empty, the root element is the only row. Each
    /// step may match many elements.
    ///
    /// In JSON, `*` matches every element or member, a number matches that element of a list, and each element of a list at
    /// the end of the path is a row. In XML, a path of [`Self::ANYWHERE`] alone means row discovery: the rows are where the
    /// elements have the most members in common with [`Self::row`]. In front of a name, it matches any depth.
    pub rows: Vec<String>,
    /// Names of the members that a response may have at its root. APIs may omit the rows if there are none. A response that
    /// has members, but neither the rows nor one of these names, is rejected as not of this operation.
    pub siblings: Vec<String>,
    /// The type of a row: [`crate::Type::Structure`], or a scalar for a list of scalars.
    pub row: Option<TypeRef>,
    /// The source describes the rows as a list, not as a single object.
    #[serde(default)]
    pub is_list: bool,
    /// Where error responses carry code, message and request ID.
    pub error: ErrorShape,
}

/// Where an error response carries its parts, as paths of names below the root element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorShape {
    /// Path of the error code.
    pub code: Vec<String>,
    /// Path of the message.
    pub message: Vec<String>,
    /// Path of the request ID, if the body carries it.
    pub request_id: Vec<String>,
    /// Path of the request ID in a successful response.
    pub success_request_id: Vec<String>,
    /// The header that carries the request ID.
    pub request_id_header: Option<String>,
}

impl ResponseShape {
    /// The step that matches any path.
    pub const ANYWHERE: &'static str = "**";
}

/// The format of a response body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyFormat {
    /// XML: named elements that contain texts and elements.
    #[default]
    Xml,
    /// JSON.
    Json,
}

/// Pagination of a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paging {
    /// How the next page is requested.
    pub next: NextPage,
    /// The parameter that sets the page size, which is counted in rows.
    pub size: Option<PageSize>,
}

/// How the next page is requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NextPage {
    /// Page token: the response carries a token, which the next request repeats. A response without one is the last page.
    Token {
        /// The parameter that takes the page token.
        parameter: String,
        /// Location of the token or URL in the response.
        answer: ResponseLocation,
    },
    /// Link: the response carries the URL of the next page, on the same origin. A response without one is the last page.
    Address {
        /// Location of the token or URL in the response.
        answer: ResponseLocation,
        /// The source does not state this link; its name is only the one that APIs usually use. If such a link points to
        /// another origin, the list ends there instead of failing.
        guessed: bool,
    },
    /// Page number: pages are counted. A page without rows, or the page that `last` names, is the last one.
    Number {
        /// The parameter that takes the number of the page.
        parameter: String,
        /// The number of the first page.
        first: u32,
        /// Location of the number of the last page in the response, if it states one.
        last: Option<ResponseLocation>,
    },
    /// Offset: rows are counted. A page without rows is the last one.
    Offset {
        /// The parameter that takes the number of rows to skip.
        parameter: String,
    },
    /// Cursor: the response carries the position of its last row, such as a value of that row, and the next request repeats
    /// it.
    Cursor {
        /// Location of the cursor in the response. A response without one is the last page. An empty path means that no further
        /// page can be requested, so a full page may be truncated.
        answer: ResponseLocation,
        /// Location of the flag that states whether more pages follow. If it is `None`, a page without rows, or with fewer than
        /// `full`, is the last one.
        more: Option<ResponseLocation>,
        /// The minimum number of rows of every page but the last one, if it is known.
        full: Option<u32>,
    },
}

/// Location of a value in a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseLocation {
    /// In the body, as a path of names below the root element. For [`NextPage::Cursor`], whose body is JSON, a number is the
    /// index of a list element, counted from 0, or from the end if it is negative.
    Body(Vec<String>),
    /// In the header of this name. Of the header `Link` (RFC 8288), the value is the target with `rel="next"`.
    Header(String),
}

/// The parameter that sets the page size, which is counted in rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSize {
    /// Its name.
    pub parameter: String,
    /// The minimum page size.
    pub minimum: u32,
    /// The maximum page size.
    pub maximum: u32,
    /// Without a LIMIT, request the maximum. If false, the parameter is omitted then, and also if more rows than the maximum
    /// are wanted: the maximum is not stated by the source, and might truncate a response that would be complete.
    pub request_maximum: bool,
    /// Parameters that exclude it: if a statement binds one of them, the page size is not sent.
    pub excludes: Vec<String>,
}

/// Predicate pushdown: the method can apply `column = v` or `column IN (v, …)`. The engine re-applies the predicate to the
/// rows of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredicatePushdown {
    /// The column.
    pub column: String,
    /// How the request carries the values.
    pub encoding: PredicateEncoding,
}

/// How a request carries the values of a pushed-down predicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PredicateEncoding {
    /// As a list parameter. The provider may reject unknown values with an error.
    List {
        /// The parameter.
        parameter: String,
    },
    /// As a scalar parameter, with one call for each value.
    Value {
        /// The parameter.
        parameter: String,
    },
    /// As an element `{name, values}` of a list parameter.
    Filter {
        /// The list parameter.
        parameter: String,
        /// The name of the filter.
        name: String,
        /// The maximum number of values of one filter.
        maximum: u32,
    },
}

impl PredicateEncoding {
    /// The parameter that carries the values.
    pub fn parameter(&self) -> &str {
        match self {
            Self::List { parameter } | Self::Value { parameter } | Self::Filter { parameter, .. } => parameter,
        }
    }
}

/// A waiter: a condition on the state of a resource that is polled by repeating an operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waiter {
    /// Its name.
    pub name: String,
    /// The operation to poll.
    pub operation: String,
    /// The delay between two calls, in seconds.
    pub delay_seconds: u32,
    /// The maximum number of calls.
    pub attempts: u32,
    /// The rules that end or continue the wait; the first match wins.
    pub acceptors: Vec<Acceptor>,
}

/// One rule of a [`Waiter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptor {
    /// The outcome if the rule matches.
    pub outcome: Outcome,
    /// What is compared with [`Self::expected`]: `path`, `pathAll`, `pathAny`, `status` or `error`.
    pub matcher: String,
    /// The JMESPath expression of the path matchers.
    pub argument: Option<String>,
    /// The expected value, as JSON text.
    pub expected: String,
}

/// The outcome of a match of an [`Acceptor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The condition holds: the wait ends.
    Success,
    /// The condition can no longer become true: the wait ends with an error.
    Failure,
    /// The wait continues with another call.
    Retry,
}

impl Verb {
    /// All verbs, in the order in which methods are listed.
    pub const ALL: [Self; 6] = [Self::Select, Self::Insert, Self::Delete, Self::Update, Self::Replace, Self::Exec];

    /// The SQL keyword, as SHOW METHODS and documentation pages print it.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Delete => "DELETE",
            Self::Update => "UPDATE",
            Self::Replace => "REPLACE",
            Self::Exec => "EXEC",
        }
    }
}

impl Paging {
    /// Whether paging sets the parameter: as page token, page number, offset or page size.
    pub fn sets(&self, parameter: &str) -> bool {
        self.next.parameter() == Some(parameter) || self.sizes(parameter)
    }

    /// Whether the parameter is the page size.
    pub fn sizes(&self, parameter: &str) -> bool {
        self.size.as_ref().is_some_and(|size| size.parameter == parameter)
    }
}

impl NextPage {
    /// The parameter that takes the token, page number or offset; `None` for links and cursors.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Token { parameter, .. } | Self::Number { parameter, .. } | Self::Offset { parameter } => {
                Some(parameter)
            }
            Self::Address { .. } | Self::Cursor { .. } => None,
        }
    }
}

impl Method {
    /// Names of the required parameters: first those of path, query and headers, then those of the body, then those of the
    /// endpoint, each group sorted by bytes.
    pub fn required(&self) -> Vec<&str> {
        let group = |location: Location| match location {
            Location::Path | Location::Query | Location::Header => 0,
            Location::Body => 1,
            Location::Server => 2,
        };
        let mut required: Vec<&Parameter> = self.parameters.iter().filter(|p| p.required).collect();
        required.sort_unstable_by_key(|p| (group(p.location), p.name.as_str()));
        required.into_iter().map(|p| p.name.as_str()).collect()
    }

    /// Names of the required parameters that the caller must bind: those without an implicit value, in the order of
    /// [`Self::required`].
    pub fn caller_required(&self) -> Vec<&str> {
        self.required().into_iter().filter(|name| !self.has_implicit_value(name)).collect()
    }

    /// Whether a parameter gets a value if the statement binds none: an idempotency token, the page size, or a parameter with
    /// a default or an environment variable.
    pub fn has_implicit_value(&self, name: &str) -> bool {
        let sizes_pages = self.paging.as_ref().is_some_and(|p| p.sizes(name));
        let by_itself = |p: &Parameter| p.idempotency_token || p.default.is_some() || p.environment.is_some();
        sizes_pages || self.parameter(name).is_some_and(by_itself)
    }

    /// The parameter with this exact name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// Whether a request can be repeated without further effect: it only reads, or it carries an idempotency token.
    pub fn is_retryable(&self) -> bool {
        self.verb == Verb::Select || self.parameters.iter().any(|p| p.idempotency_token)
    }
}
