//! An API on this machine that keeps wheels, and tells when the change comes at which the client is to die.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How far the change is when the client dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The API has it and did nothing.
    Asked,
    /// The API did it and did not answer.
    Done,
    /// The API did it and answered.
    Answered,
}

pub(crate) const EVER: [When; 3] = [When::Asked, When::Done, When::Answered];

#[derive(Debug, Default)]
struct Yard {
    /// Name by yard and number.
    wheels: BTreeMap<(String, u32), String>,
    scrap: BTreeMap<(String, u32), String>,
    /// The highest number ever; none is used twice.
    last: u32,
    /// Tokens of what was created by them.
    tokens: BTreeMap<String, usize>,
    /// How many changes were asked for since the last client began.
    changes: usize,
    /// At which of them the client dies.
    dies: Option<(usize, When)>,
    /// That change came.
    reached: bool,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) port: u16,
    yard: Arc<Mutex<Yard>>,
}

impl Api {
    /// Listens until the process ends. There are a wheel in the north and one in the south.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let wheels = [("north", 1), ("south", 2)].map(|(yard, number)| ((yard.to_owned(), number), "old".to_owned()));
        let yard = Arc::new(Mutex::new(Yard { wheels: wheels.into(), last: 2, ..Yard::default() }));
        let of_threads = Arc::clone(&yard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let yard = Arc::clone(&of_threads);
                thread::spawn(move || serve(stream.unwrap(), &yard));
            }
        });
        Self { port, yard }
    }

    /// The next client dies at its change of this number, from 0.
    pub(crate) fn expect(&self, dies: Option<(usize, When)>) {
        let mut yard = self.yard.lock().unwrap();
        (yard.changes, yard.dies, yard.reached) = (0, dies, false);
    }

    /// Whether the change is there at which the client dies.
    pub(crate) fn is_reached(&self) -> bool {
        self.yard.lock().unwrap().reached
    }

    /// How many changes were asked for since the last client began.
    pub(crate) fn changes(&self) -> usize {
        self.yard.lock().unwrap().changes
    }

    /// The wheels that stand, sorted, whatever their numbers.
    pub(crate) fn wheels(&self) -> Vec<String> {
        let yard = self.yard.lock().unwrap();
        let mut all: Vec<String> = yard.wheels.iter().map(|((yard, _), name)| format!("{yard} {name}")).collect();
        all.sort();
        all
    }

    /// How often each token was sent.
    pub(crate) fn tokens(&self) -> Vec<usize> {
        self.yard.lock().unwrap().tokens.values().copied().collect()
    }
}

fn serve(stream: TcpStream, yard: &Mutex<Yard>) {
    let Some((method, path, body)) = request(&stream) else { return };
    let answer = |status: &str, body: &str| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        // Who was killed does not read it.
        let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
    };
    let mut yard = yard.lock().unwrap();
    if method == "GET" {
        let (status, body) = yard.act(&method, &path, &body);
        return answer(status, &body);
    }
    let (number, dies) = (yard.changes, yard.dies);
    yard.changes += 1;
    // It is seen when the lock is given back, which is after an answer.
    yard.reached |= dies.is_some_and(|(at, _)| at == number);
    match dies.filter(|(at, _)| number >= *at) {
        None => {
            let (status, body) = yard.act(&method, &path, &body);
            answer(status, &body);
        }
        Some((at, When::Answered)) if at == number => {
            let (status, body) = yard.act(&method, &path, &body);
            answer(status, &body);
        }
        Some((at, when)) => {
            if at == number && when == When::Done {
                yard.act(&method, &path, &body);
            }
            drop(yard);
            // The connection stays open: no answer is none that says no.
            loop {
                thread::park();
            }
        }
    }
}

/// The method, the path and the body of the request that comes.
fn request(stream: &TcpStream) -> Option<(String, String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, String::from_utf8(body).ok()?))
}

impl Yard {
    /// Does what a request asks: the status and the body of the answer.
    fn act(&mut self, method: &str, path: &str, body: &str) -> (&'static str, String) {
        let steps: Vec<&str> = path.split('/').collect();
        let key = |yard: &str, number: &str| (yard.to_owned(), number.parse().unwrap());
        let shown = |number: u32, name: &str| format!(r#"{{"number": {number}, "name": "{name}"}}"#);
        let (moved, number) = match (method, steps.as_slice()) {
            ("GET", ["", "yards", yard, "wheels"]) => {
                let here = self.wheels.iter().filter(|((of, _), _)| of == yard);
                let rows: Vec<String> = here.map(|((_, number), name)| shown(*number, name)).collect();
                return ("200 OK", format!("[{}]", rows.join(", ")));
            }
            ("POST", ["", "yards", yard, "wheels"]) => {
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                let name = body["name"].as_str().unwrap();
                if name == "refused" {
                    return ("400 Bad Request", r#"{"message": "no such wood"}"#.to_owned());
                }
                self.last += 1;
                self.wheels.insert(((*yard).to_owned(), self.last), name.to_owned());
                return ("201 Created", shown(self.last, name));
            }
            ("POST", ["", ""]) => {
                let token = body.split('&').find_map(|field| field.strip_prefix("ClientToken=")).unwrap();
                *self.tokens.entry(token.to_owned()).or_default() += 1;
                let id =
                    "<trafficMirrorFilter><trafficMirrorFilterId>tmf-1</trafficMirrorFilterId></trafficMirrorFilter>";
                let name = "CreateTrafficMirrorFilterResponse";
                return ("200 OK", format!("<{name}><requestId>r</requestId>{id}</{name}>"));
            }
            ("DELETE", ["", "yards", yard, "wheels", number]) => {
                let key = key(yard, number);
                let wheel = self.wheels.remove(&key);
                (wheel.inspect(|name| drop(self.scrap.insert(key.clone(), name.clone()))), key.1)
            }
            ("POST", ["", "yards", yard, "wheels", number, "mend"]) => {
                let key = key(yard, number);
                let wheel = self.scrap.remove(&key).or_else(|| self.wheels.get(&key).cloned());
                (wheel.inspect(|name| drop(self.wheels.insert(key.clone(), name.clone()))), key.1)
            }
            _ => unreachable!("{method} {path} is not in the documents"),
        };
        match moved {
            Some(name) => ("200 OK", shown(number, &name)),
            None => ("404 Not Found", r#"{"message": "no such wheel"}"#.to_owned()),
        }
    }
}
