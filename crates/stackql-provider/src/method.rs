//! A method: one operation of an API, as a row of `SHOW METHODS` and as the recipe of a request.

use serde::{Deserialize, Serialize};

use crate::{ClausePushdown, Location, LroRules, Parameter, TypeRef};

/// The statement a method serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verb {
    /// Answers SELECT.
    Select,
    /// Answers INSERT.
    Insert,
    /// Answers DELETE.
    Delete,
    /// Answers UPDATE.
    Update,
    /// Answers REPLACE.
    Replace,
    /// Is called by EXEC only.
    #[default]
    Exec,
}

/// One operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The name that SHOW METHODS lists and EXEC takes.
    pub name: String,
    /// The operation's identifier in the source document.
    pub operation: String,
    /// The statement it serves.
    pub verb: Verb,
    /// What it does; empty in fact-only definitions.
    pub description: String,
    /// Its parameters, in the order of the source.
    pub parameters: Vec<Parameter>,
    /// How a request is written.
    pub request: RequestShape,
    /// How an answer is read.
    pub response: ResponseShape,
    /// How it continues, if it answers in pages.
    pub paging: Option<Paging>,
    /// Which predicates on columns it can apply itself.
    pub predicate_pushdowns: Vec<PredicatePushdown>,
    /// Which clauses of a SELECT it can apply itself.
    pub clause_pushdown: Option<ClausePushdown>,
    /// How the work that it starts is followed to its end.
    pub lro: Option<LroRules>,
    /// What undoes it.
    pub inverse: Option<Inverse>,
    /// What whoever calls it must be allowed.
    pub permissions: Permissions,
    /// When it is sent again, where the source says that.
    pub retry: Option<Retry>,
    /// What of its requests and answers the source marks as secret.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}

/// A value of a request or an answer that is secret, such as a password or a private key, with everything inside of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Secret {
    /// The name on the wire of the member that it is inside of, at any depth; `None` for a parameter, and for a member of
    /// the answer itself.
    pub parent: Option<String>,
    /// Its name on the wire.
    pub name: String,
}

/// When a request is sent again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How often it is sent in all.
    pub attempts: u32,
    /// How long the first wait is, in milliseconds.
    pub first_wait: u64,
    /// How much longer each wait is than the one before.
    pub factor: f64,
    /// How long a wait is at most, in milliseconds.
    pub longest_wait: u64,
    /// By how much of itself a wait may be longer or shorter, at random.
    pub jitter: f64,
    /// The HTTP methods whose requests may be sent again.
    pub http_methods: Vec<String>,
    /// The statuses of answers behind which they are.
    pub statuses: Vec<u16>,
}

/// What whoever calls a method must be allowed, as the provider calls it: `ec2:DescribeVpcs`, or a scope of OAuth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Their names; empty where the source says nothing.
    pub names: Vec<String>,
    /// Any one of them will do; else all are needed.
    pub any: bool,
}

/// The method that undoes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inverse {
    /// Its resource, of the same service.
    pub resource: String,
    /// Its name.
    pub method: String,
    /// Its parameters by name, and where the answer to what is undone has their values.
    pub tokens: Vec<(String, ResponseLocation)>,
}

/// How a request is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestShape {
    /// What carries it. All other fields are about HTTP.
    pub protocol: Protocol,
    /// The HTTP method, upper case.
    pub http_method: String,
    /// The path, with `{name}` placeholders.
    pub path: String,
    /// The media type of the body.
    pub media_type: String,
    /// The media type of the answer that is asked for; empty for any.
    #[serde(default)]
    pub accept: String,
    /// Form fields that every request carries, in front of the parameters.
    pub fixed: Vec<(String, String)>,
    /// How parameters become a body.
    pub body: BodyStyle,
    /// Where it goes, where not to the service's endpoints: a URL template with `{name}` placeholders for server
    /// variables.
    pub url: Option<String>,
    /// A template that makes the body out of the parameters, as one JSON object, in place of [`Self::body`].
    pub transform: Option<Template>,
}

/// What carries a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// A program of this machine, run without a shell; what it prints is the answer.
    Command {
        /// The program. It is no template, so that no value can choose what runs but that of `chosen`.
        program: String,
        /// The parameter whose value, where it has one, is the program.
        chosen: Option<String>,
        /// A template of each argument, in the language of Go's `text/template`. It is given all parameters by their
        /// names, and once more below [`Self::PARAMETERS`]; those that have no value are empty texts.
        arguments: Vec<String>,
    },
    /// A table of a relational database, read by one SELECT whose rows come as JSON objects.
    Table {
        /// The schema that the database has it in.
        schema: String,
        /// Its name there.
        name: String,
        /// The list parameter whose elements `{name, values}` are conditions: that column is one of the values.
        filters: String,
    },
}

impl Protocol {
    /// The name by which an argument's template has all parameters.
    pub const PARAMETERS: &'static str = "parameters";
    /// The member of a condition that names the column.
    pub const NAME: &'static str = "name";
    /// The member of a condition that has the values.
    pub const VALUES: &'static str = "values";
}

/// How parameters become a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyStyle {
    /// Fields of a form.
    Form(FormStyle),
    /// Members of a JSON object.
    Json {
        /// The JSON text that is the body where nothing was bound; bound members are added to it if it is an object.
        base: Option<String>,
        /// The member that takes all parameters in place of the body, as JSON text.
        wrap: Option<String>,
    },
    /// Child elements of a marked-up document.
    Xml {
        /// The outermost element's name.
        root: String,
        /// What stands behind the outermost element's name, such as a namespace; empty for nothing.
        attributes: String,
        /// The declaration in front of it; empty for none.
        declaration: String,
    },
    /// A GraphQL document, as the member `query` of a JSON object.
    GraphQl {
        /// A template of the document, in the language of Go's `text/template`. It is given the body's parameters by
        /// their names on the wire, and what `cursor` makes as [`Self::CURSOR`].
        query: String,
        /// A template of what stands for the cursor from the second page on, such as `, after: "{{ .value }}"`; it is
        /// given the cursor as [`Self::VALUE`].
        cursor: String,
    },
}

impl BodyStyle {
    /// The name by which the template of a query has what leads to the page; empty for the first one.
    pub const CURSOR: &'static str = "cursor";
    /// The name by which the template of a cursor has its value.
    pub const VALUE: &'static str = "value";
}

impl Default for BodyStyle {
    fn default() -> Self {
        Self::Form(FormStyle::default())
    }
}

/// A template that makes one document of another, in the language of Go's `text/template`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Which functions it may call and what it is given, such as `golang_template_json_v0.3.0`.
    pub kind: String,
    /// The template.
    pub body: String,
}

/// How nested values become flat form fields: `Filter.1.Value.2=x`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FormStyle {
    /// Names and indexes from 1, joined by dots; a list adds its index only; an empty list sends nothing.
    #[default]
    Indexed,
    /// As [`Self::Indexed`], with the element's name (`member`) between list and index unless flattened;
    /// an empty list sends the bare name.
    IndexedMember,
}

/// How an answer is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseShape {
    /// The media type of the body.
    pub media_type: String,
    /// How the body is read.
    pub format: BodyFormat,
    /// A template that makes the body, before it is read, into JSON.
    pub transform: Option<Template>,
    /// What the answer's outermost element is called; empty where any name will do. A document of another name, such
    /// as a proxy's page, is no answer.
    #[serde(default)]
    pub outermost: String,
    /// The names to step through from the answer's outermost element (which is not named) to a row.
    /// Empty: the outermost element is the one row. Each step may occur many times. In JSON, `*` stands for every
    /// element or member, a number for that element of a list, and a list at the end is a row an element. In markup, [`Self::ANYWHERE`] alone stands for
    /// wherever elements have the most of the row's members, and in front of a name for any depth.
    pub rows: Vec<String>,
    /// The members that an answer may have where [`Self::rows`] begins. In JSON, rows may be left out when there are
    /// none: an answer that has no member of these names is none of this operation.
    pub siblings: Vec<String>,
    /// The shape of a row: [`crate::Type::Structure`], or a scalar for a list of scalars.
    pub row: Option<TypeRef>,
    /// The rows are described as a list, not as one thing.
    #[serde(default)]
    pub is_list: bool,
    /// Where an error says what it is.
    pub error: ErrorShape,
}

/// Where an error answer carries its parts, as paths of names below the outermost element.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorShape {
    /// The code.
    pub code: Vec<String>,
    /// The message.
    pub message: Vec<String>,
    /// The request id, if the body carries it.
    pub request_id: Vec<String>,
    /// The request id's path in a successful answer.
    pub success_request_id: Vec<String>,
    /// The header that carries the request id.
    pub request_id_header: Option<String>,
}

impl ResponseShape {
    /// The step that stands for any path.
    pub const ANYWHERE: &'static str = "**";
}

/// How a body is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyFormat {
    /// As elements with names, texts and elements inside.
    #[default]
    Xml,
    /// As JSON.
    Json,
}

/// How a method continues after a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paging {
    /// What leads to the next page.
    pub next: NextPage,
    /// The parameter that sets how many rows a page holds.
    pub size: Option<PageSize>,
}

/// What leads to the next page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NextPage {
    /// The answer carries a token that the next request repeats; without one it was the last page.
    Token {
        /// The parameter that takes the token.
        parameter: String,
        /// Where the answer has it.
        answer: ResponseLocation,
    },
    /// The answer carries the next page's address, on the same origin; without one it was the last page.
    Address {
        /// Where the answer has it.
        answer: ResponseLocation,
        /// The source does not say that it leads there: it is only what APIs usually call it.
        guessed: bool,
    },
    /// Pages are counted; one without rows ends the list.
    Number {
        /// The parameter that takes the page's number.
        parameter: String,
        /// The first page's number.
        first: u32,
        /// Where the answer says how many pages there are.
        last: Option<ResponseLocation>,
    },
    /// Rows are counted; a page without any ends the list.
    Offset {
        /// The parameter that takes the number of rows before the page.
        parameter: String,
    },
    /// The answer says how far it came, such as by a value of its last row, and the next request repeats it.
    Cursor {
        /// Where the answer has it; without one it was the last page. The empty path: there is no way to another page,
        /// and one that is full may have been cut off.
        answer: ResponseLocation,
        /// Where the answer says whether there is more. Where it does not, a page without rows ends the list.
        more: Option<ResponseLocation>,
        /// How many rows every page but the last one has at least, where that is known.
        full: Option<u32>,
    },
}

/// Where an answer has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseLocation {
    /// In the body, as names below the outermost element. For [`NextPage::Cursor`], whose body is JSON, a number is an
    /// element of a list, from 0, or from the end if it is negative.
    Body(Vec<String>),
    /// In the header of this name. Of `Link` (RFC 8288) it is the target with `rel="next"`.
    Header(String),
}

/// The parameter that sets how many rows a page holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSize {
    /// Its name.
    pub parameter: String,
    /// The fewest rows that may be asked for.
    pub minimum: u32,
    /// The most rows that may be asked for.
    pub maximum: u32,
    /// Ask for the maximum when no LIMIT says otherwise; false leaves the parameter out.
    pub request_maximum: bool,
    /// Parameters that may not stand beside it.
    pub excludes: Vec<String>,
}

/// A predicate on a column that the method can apply itself: `column = v` or `column IN (v, …)`.
/// The engine applies it again to what comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredicatePushdown {
    /// The column.
    pub column: String,
    /// How the values travel.
    pub encoding: PredicateEncoding,
}

/// How the values of a narrowing travel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PredicateEncoding {
    /// As a list parameter. An unknown value may be an error of the provider's.
    List {
        /// The parameter.
        parameter: String,
    },
    /// As a scalar parameter: one call a value.
    Value {
        /// The parameter.
        parameter: String,
    },
    /// As an element `{name, values}` of a list parameter.
    Filter {
        /// The list parameter.
        parameter: String,
        /// The filter's name.
        name: String,
        /// The most values one filter takes.
        maximum: u32,
    },
}

impl PredicateEncoding {
    /// The parameter by which the predicate travels.
    pub fn parameter(&self) -> &str {
        match self {
            Self::List { parameter } | Self::Value { parameter } | Self::Filter { parameter, .. } => parameter,
        }
    }
}

/// A condition that can be waited for by repeating a method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waiter {
    /// Its name.
    pub name: String,
    /// The operation to repeat.
    pub operation: String,
    /// Seconds between two calls.
    pub delay_seconds: u32,
    /// How often to call at most.
    pub attempts: u32,
    /// What ends or continues the wait, first match wins.
    pub acceptors: Vec<Acceptor>,
}

/// One rule of a waiter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptor {
    /// What a match means.
    pub outcome: Outcome,
    /// What is compared: `path`, `pathAll`, `pathAny`, `status` or `error`.
    pub matcher: String,
    /// The JMESPath expression for the path matchers.
    pub argument: Option<String>,
    /// The value that matches, as JSON text.
    pub expected: String,
}

/// What a match of an [`Acceptor`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The wait is over, as hoped.
    Success,
    /// The wait is over: it cannot come true any more.
    Failure,
    /// Call again.
    Retry,
}

impl Verb {
    /// All verbs, in the order in which methods are listed.
    pub const ALL: [Self; 6] = [Self::Select, Self::Insert, Self::Delete, Self::Update, Self::Replace, Self::Exec];

    /// The keyword, as SHOW METHODS and the pages print it.
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
    /// Whether the parameter is set from page to page: what leads to the page, or its size.
    pub fn sets(&self, parameter: &str) -> bool {
        self.next.parameter() == Some(parameter) || self.sizes(parameter)
    }

    /// Whether the parameter sets how many rows a page holds.
    pub fn sizes(&self, parameter: &str) -> bool {
        self.size.as_ref().is_some_and(|size| size.parameter == parameter)
    }
}

impl NextPage {
    /// The parameter that it sets.
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
    /// Names of the parameters that must be given: those of the address and headers, of the body, of the endpoint; each
    /// sorted by bytes.
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

    /// Names of the parameters that whoever calls must give: the required ones, but for those that are filled in.
    pub fn caller_required(&self) -> Vec<&str> {
        self.required().into_iter().filter(|name| !self.has_implicit_value(name)).collect()
    }

    /// Whether a parameter is set on the way if nothing was bound to it: an idempotency token, the size of a page, or
    /// what has a default.
    pub fn has_implicit_value(&self, name: &str) -> bool {
        let sizes_pages = self.paging.as_ref().is_some_and(|p| p.sizes(name));
        let by_itself = |p: &Parameter| p.idempotency_token || p.default.is_some() || p.environment.is_some();
        sizes_pages || self.parameter(name).is_some_and(by_itself)
    }

    /// The parameter of this exact name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// Whether repeating a request can change nothing more: it only reads, or carries an idempotency token.
    pub fn is_retryable(&self) -> bool {
        self.verb == Verb::Select || self.parameters.iter().any(|p| p.idempotency_token)
    }
}
