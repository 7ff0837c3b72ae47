use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use stackql_call::{Bindings, Operation, bind};
use stackql_provider::{Protocol, Provider, Resource, Service as Definition};
use tokio::sync::Semaphore;

use super::*;
use crate::world::method_of;

const HOUR: Duration = Duration::from_secs(3600);

/// Answers with these endings in turn, then with how often it was asked.
#[derive(Debug)]
struct Api {
    script: Mutex<VecDeque<SharedResult>>,
    asked: AtomicUsize,
    /// What questions wait for whose path is `/held`.
    gate: Semaphore,
}

#[async_trait]
impl Transport for Api {
    async fn send(&self, request: &Request) -> SharedResult {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if request.path == "/held" {
            self.gate.acquire().await.unwrap().forget();
        }
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| answer(200, number.to_string()))
    }

    async fn default_scope(&self, _: &Provider, scope: &Scope) -> Result<String, TransportError> {
        Ok(format!("{}-1", scope.name))
    }
}

/// Who asks, which may change.
#[derive(Debug)]
struct Who(Mutex<Option<&'static str>>);

#[async_trait]
impl CallerIdentity for Who {
    async fn identity(&self, _: &Request) -> Result<Option<String>, TransportError> {
        Ok(self.0.lock().unwrap().map(str::to_owned))
    }
}

/// One process that asks.
struct Process {
    api: Arc<Api>,
    who: Arc<Who>,
    caching: CachingTransport,
}

impl Process {
    fn start(folder: Option<&Path>) -> Self {
        let script = Mutex::default();
        let api = Arc::new(Api { script, asked: AtomicUsize::new(0), gate: Semaphore::new(0) });
        let who = Arc::new(Who(Mutex::new(Some("me"))));
        let caching = CachingTransport::new(Arc::clone(&api) as _, Arc::clone(&who) as _, folder.map(Path::to_owned));
        Self { api, who, caching }
    }

    /// The body of the answer, which is expected to be good.
    async fn body(&self, request: &Request) -> String {
        String::from_utf8(self.caching.send(request).await.unwrap().body.to_vec()).unwrap()
    }

    fn request_count(&self) -> usize {
        self.api.asked.load(Ordering::SeqCst)
    }

    /// Lets everything run until so many questions are asked.
    async fn until_asked(&self, times: usize) {
        while self.request_count() < times {
            tokio::task::yield_now().await;
        }
        settled().await;
    }
}

/// Lets everything run as far as it can.
async fn settled() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn answer(status: u16, body: impl Into<bytes::Bytes>) -> SharedResult {
    let headers = [("content-type", "text/plain"), ("set-cookie", "hush"), ("x-auth-token", "hush")];
    let attempt = stackql_call::Attempt {
        started: SystemTime::UNIX_EPOCH,
        waited: HOUR,
        duration: HOUR,
        url: "http://here/a".into(),
        status: Some(status),
        bytes: 9,
        request_id: Some("id-1".into()),
        error: None,
        cached: false,
    };
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Ok(Response { status, headers, body: body.into(), attempts: vec![attempt] })
}

fn error() -> SharedResult {
    Err(TransportError { kind: TransportErrorKind::Broken, message: "broke".into(), attempts: Vec::new() })
}

/// A question of this verb to a service, where answers may be an hour old.
fn question(verb: Verb, (provider, service): (&str, &str), path: &str) -> Request {
    let method = stackql_provider::Method { verb, ..method_of(Protocol::Http, Vec::new()) };
    let provider = Provider { name: provider.into(), ..Provider::default() };
    let service = Definition { name: service.into(), ..Definition::default() };
    let resource = Resource { methods: vec![method], ..Resource::default() };
    let operation = Operation::new(provider.into(), service.into(), resource.into(), "m").unwrap();
    let call = bind(operation.into(), &Bindings::new(), &mut String::new).unwrap();
    let request = stackql_call::request(&call, None, None).unwrap();
    with(request, |r| (r.path, r.max_age) = (path.into(), Some(HOUR)))
}

/// The request, changed.
fn with(mut request: Request, change: impl FnOnce(&mut Request)) -> Request {
    change(&mut request);
    request
}

fn read(path: &str) -> Request {
    question(Verb::Select, ("p", "s"), path)
}

fn write(path: &str) -> Request {
    with(question(Verb::Insert, ("p", "s"), path), |r| r.max_age = None)
}

/// All files below a folder that end in `end`.
fn files(below: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path, end)),
            path if path.to_str().unwrap().ends_with(end) => found.push(path),
            _ => {}
        }
    }
    found
}

/// What was sent and what was not, of answers that all came.
fn sent(answers: &[SharedResult]) -> Vec<bool> {
    answers.iter().map(|answer| !answer.as_ref().unwrap().attempts[0].cached).collect()
}

#[tokio::test]
async fn a_good_answer_is_given_again_and_says_so() {
    let process = Process::start(None);
    let read = read("/a");
    assert!(!process.caching.has_cached(&read).await);
    let first = process.caching.send(&read).await.unwrap();
    assert_eq!((&first.attempts[0].waited, first.headers.len()), (&HOUR, 3), "passed on as it is");
    assert!(process.caching.has_cached(&read).await);
    let before = SystemTime::now();
    let again = process.caching.send(&read).await.unwrap();
    assert_eq!((again.status, again.body, again.headers), (200, first.body, vec![first.headers[0].clone()]));
    let [attempt] = again.attempts.try_into().unwrap();
    assert!(attempt.started >= before);
    let wanted = stackql_call::Attempt {
        started: attempt.started,
        waited: Duration::ZERO,
        duration: Duration::ZERO,
        bytes: 0,
        cached: true,
        ..first.attempts[0].clone()
    };
    assert_eq!(attempt, wanted);
    assert_eq!(process.request_count(), 1);
}

#[tokio::test]
async fn who_takes_no_old_answers_gets_none() {
    let process = Process::start(None);
    process.body(&read("/a")).await;
    let new = with(read("/a"), |r| r.max_age = None);
    assert!(!process.caching.has_cached(&new).await);
    assert_eq!(process.body(&new).await, "2");
    assert_eq!(process.body(&read("/a")).await, "1", "what nobody wanted kept is not kept");
}

#[tokio::test]
async fn questions_that_differ_are_kept_apart() {
    let process = Process::start(None);
    let pair = |name: &str| vec![(name.to_owned(), "1".to_owned())];
    let all = [
        read("/a"),
        read("/b"),
        with(read("/a"), |r| r.query = pair("page")),
        with(read("/a"), |r| r.next_url = Some("/a?page=2".into())),
        with(read("/a"), |r| r.next_url = Some("/a?page=3".into())),
        with(read("/a"), |r| r.headers = pair("x-page")),
        with(read("/a"), |r| r.body = "page=2".into()),
        with(read("/a"), |r| r.scope = Some("r".into())),
        question(Verb::Select, ("p", "t"), "/a"),
        question(Verb::Select, ("q", "s"), "/a"),
    ];
    for _ in 0..2 {
        for (at, request) in all.iter().enumerate() {
            assert_eq!(process.body(request).await, (at + 1).to_string());
        }
    }
}

#[tokio::test]
async fn an_answer_is_given_until_it_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    for on_disk in [false, true] {
        let process = Process::start(on_disk.then(|| folder.path()));
        let now = SystemTime::now();
        let minute = Duration::from_secs(60);
        for (path, came, max_age, is_given) in [
            ("/new", now - minute, HOUR, true),
            ("/old", now - minute, minute / 2, false),
            ("/to-come", now + HOUR, HOUR * 24, false),
        ] {
            let request = with(read(path), |r| r.max_age = Some(max_age));
            let key = process.caching.key(&request).await.unwrap().unwrap();
            let kept = CachedResponse { received_at: came, response: answer(200, "kept").unwrap() };
            match &process.caching.disk {
                Some(disk) => disk.store(&key.service, &key.name, &kept),
                None => process.caching.memory.insert(key, kept).await,
            }
            assert_eq!(process.caching.has_cached(&request).await, is_given, "{path}");
            assert_eq!(process.body(&request).await == "kept", is_given, "{path}");
            assert!(process.caching.has_cached(&request).await, "{path}");
        }
        assert_eq!(process.request_count(), 2);
    }
}

#[tokio::test]
async fn the_next_process_finds_what_was_kept_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/answers");
    let first = Process::start(Some(&folder));
    *first.api.script.lock().unwrap() = [answer(200, vec![0xff, b'\n', 0])].into();
    first.caching.send(&read("/a")).await.unwrap();
    let next = Process::start(Some(&folder));
    assert!(next.caching.has_cached(&read("/a")).await);
    let found = next.caching.send(&read("/a")).await.unwrap();
    assert_eq!((found.status, found.body.as_ref(), found.headers.len()), (200, &[0xff, b'\n', 0][..], 1));
    let attempt = &found.attempts[0];
    assert_eq!((attempt.url.as_str(), attempt.request_id.as_deref()), ("http://here/a", Some("id-1")));
    assert!(attempt.cached);
    assert_eq!((next.request_count(), next.caching.has_cached(&read("/b")).await), (0, false));
    assert_eq!(files(&folder, "").len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let process = Process::start(Some(&home.path().join("answers")));
    process.body(&read("/a")).await;
    process.body(&write("/a")).await;
    process.body(&read("/a")).await;
    let all = files(home.path(), "");
    assert_eq!(all.len(), 2, "an answer and a mark");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for path in &all {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != home.path()) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }
}

#[tokio::test]
async fn others_do_not_get_what_was_answered_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(Some(folder.path()));
    let mut bodies = Vec::new();
    for who in ["me", "you", "me", "you"] {
        *process.who.0.lock().unwrap() = Some(who);
        bodies.push(process.body(&read("/a")).await);
    }
    assert_eq!(bodies, ["1", "2", "1", "2"]);
    *process.who.0.lock().unwrap() = None;
    assert!(!process.caching.has_cached(&read("/a")).await);
    assert_eq!((process.body(&read("/a")).await, process.body(&read("/a")).await), ("3".into(), "4".into()));
}

#[tokio::test]
async fn what_was_answered_while_another_came_is_not_kept() {
    let process = Process::start(None);
    let changed = async {
        process.until_asked(1).await;
        *process.who.0.lock().unwrap() = Some("you");
        process.api.gate.add_permits(9);
    };
    let request = read("/held");
    assert_eq!(tokio::join!(process.body(&request), changed).0, "1");
    for who in ["you", "me"] {
        *process.who.0.lock().unwrap() = Some(who);
        assert!(!process.caching.has_cached(&request).await, "{who}");
    }
}

#[tokio::test]
async fn what_is_no_good_answer_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(Some(folder.path()));
    let too_large = vec![b' '; (64 << 20) + 1];
    let script = [error(), answer(404, ""), answer(500, ""), answer(301, ""), answer(202, ""), answer(206, "")];
    let script: VecDeque<SharedResult> = script.into_iter().chain([answer(200, too_large), answer(204, "")]).collect();
    let endings = script.len();
    *process.api.script.lock().unwrap() = script;
    for asked in 1..=endings {
        let _ = process.caching.send(&read("/a")).await;
        assert_eq!(process.request_count(), asked);
    }
    assert!(process.caching.has_cached(&read("/a")).await, "the last is good");
    assert_eq!(files(folder.path(), "").len(), 1);
}

#[tokio::test]
async fn equal_questions_at_once_are_sent_once() {
    for (ending, status) in [(answer(200, "good"), 200), (answer(404, "bad"), 404)] {
        let process = Process::start(None);
        *process.api.script.lock().unwrap() = [ending].into();
        // Each takes no older answer than of now, and all of them the one that comes.
        let request = with(read("/held"), |r| r.max_age = Some(Duration::ZERO));
        let opened = async {
            process.until_asked(1).await;
            process.api.gate.add_permits(99);
        };
        let all = join_all((0..20).map(|_| process.caching.send(&request)));
        let answers = tokio::join!(all, opened).0;
        assert_eq!(process.request_count(), 1);
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().status == status));
        assert_eq!(sent(&answers).iter().filter(|sent| **sent).count(), 1);
    }
}

#[tokio::test]
async fn an_error_is_told_to_all_that_wait_for_the_answer() {
    let process = Process::start(None);
    *process.api.script.lock().unwrap() = [error()].into();
    let request = read("/held");
    let opened = async {
        process.until_asked(1).await;
        process.api.gate.add_permits(99);
    };
    let all = join_all((0..3).map(|_| process.caching.send(&request)));
    let answers = tokio::join!(all, opened).0;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().message == "broke"));
    assert_eq!((process.request_count(), process.body(&request).await.as_str()), (1, "2"));
}

#[tokio::test]
async fn another_sends_where_the_first_gives_up() {
    let process = Process::start(None);
    let request = read("/held");
    let mut first = Box::pin(process.caching.send(&request));
    assert!(futures::poll!(&mut first).is_pending());
    process.until_asked(1).await;
    let mut second = Box::pin(process.caching.send(&request));
    assert!(futures::poll!(&mut second).is_pending());
    settled().await;
    assert_eq!(process.request_count(), 1);
    drop(first);
    process.until_asked(2).await;
    process.api.gate.add_permits(1);
    assert_eq!(sent(&[second.await]), [true]);
}

#[tokio::test]
async fn the_first_goes_on_for_the_others_while_nobody_polls_it() {
    let process = Process::start(None);
    let request = read("/held");
    let mut first = Box::pin(process.caching.send(&request));
    assert!(futures::poll!(&mut first).is_pending());
    process.until_asked(1).await;
    process.api.gate.add_permits(1);
    assert_eq!(sent(&[process.caching.send(&request).await, first.await]), [false, true]);
    assert_eq!(process.request_count(), 1);
}

#[tokio::test]
async fn a_write_drops_what_is_kept_of_its_service() {
    let folder = tempfile::tempdir().unwrap();
    let (process, other) = (Process::start(Some(folder.path())), Process::start(Some(folder.path())));
    let elsewhere = question(Verb::Select, ("p", "t"), "/a");
    for verb in [Verb::Insert, Verb::Update, Verb::Replace, Verb::Delete, Verb::Exec] {
        for writer in [&process, &other] {
            process.body(&read("/a")).await;
            process.body(&elsewhere).await;
            assert!(process.caching.has_cached(&read("/a")).await);
            writer.body(&question(verb, ("p", "s"), "/a")).await;
            assert!(!process.caching.has_cached(&read("/a")).await, "{verb:?}");
            assert!(process.caching.has_cached(&elsewhere).await, "{verb:?}");
            assert_eq!(files(folder.path(), ".answer").len(), 1, "{verb:?}");
        }
    }
    assert!(!process.caching.has_cached(&question(Verb::Insert, ("p", "t"), "/a")).await);
}

#[tokio::test]
async fn a_write_drops_what_is_in_memory_alone() {
    let process = Process::start(None);
    assert_eq!(process.body(&read("/a")).await, "1");
    *process.api.script.lock().unwrap() = [error()].into();
    assert!(process.caching.send(&write("/a")).await.is_err());
    assert_eq!(process.body(&read("/a")).await, "3");
}

#[tokio::test]
async fn an_answer_that_a_write_overtook_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(folder.path())] {
        let process = Process::start(folder);
        let request = read("/held");
        let overtaken = async {
            process.until_asked(1).await;
            process.body(&write("/b")).await;
            // Whoever asks after the write does not wait for what was asked before.
            let mut after = Box::pin(process.caching.send(&request));
            assert!(futures::poll!(&mut after).is_pending());
            process.until_asked(3).await;
            drop(after);
            process.api.gate.add_permits(1);
        };
        assert_eq!(tokio::join!(process.body(&request), overtaken).0, "1");
        assert!(!process.caching.has_cached(&request).await);
    }
    assert_eq!(files(folder.path(), ".answer"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_answer_that_another_process_overtook_by_a_write_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (process, other) = (Process::start(Some(folder.path())), Process::start(Some(folder.path())));
    let overtaken = async {
        process.until_asked(1).await;
        other.body(&write("/b")).await;
        process.api.gate.add_permits(1);
    };
    let request = read("/held");
    tokio::join!(process.body(&request), overtaken);
    assert!(!process.caching.has_cached(&request).await);
    assert_eq!(files(folder.path(), ".answer"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_was_read_during_a_write_is_dropped_at_its_end() {
    let process = Process::start(None);
    for gives_up in [false, true] {
        process.body(&read("/a")).await;
        let request = write("/held");
        let mut writing = Box::pin(process.caching.send(&request));
        assert!(futures::poll!(&mut writing).is_pending());
        assert!(!process.caching.has_cached(&read("/a")).await, "nor is what was read before given during it");
        process.body(&read("/a")).await;
        assert!(process.caching.has_cached(&read("/a")).await);
        if gives_up {
            drop(writing);
        } else {
            process.api.gate.add_permits(1);
            writing.await.unwrap();
        }
        assert!(!process.caching.has_cached(&read("/a")).await);
    }
}

#[tokio::test]
async fn a_damaged_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(Some(folder.path())).body(&read("/a")).await;
    let [path] = files(folder.path(), "").try_into().unwrap();
    let whole = fs::read(&path).unwrap();
    let changed = |at: usize| {
        let mut file = whole.clone();
        file[at] ^= 1;
        file
    };
    let mut damaged = vec![Vec::new(), whole[..whole.len() - 1].to_vec(), [&whole[..], b"more"].concat()];
    damaged.extend((0..whole.len()).step_by(7).map(changed));
    damaged.push(String::from_utf8(whole.clone()).unwrap().replacen("answer 1 ", "answer 2 ", 1).into_bytes());
    for file in damaged {
        fs::write(&path, &file).unwrap();
        let process = Process::start(Some(folder.path()));
        assert!(!process.caching.has_cached(&read("/a")).await, "{}", String::from_utf8_lossy(&file));
        assert!(!path.exists());
        fs::write(&path, &file).unwrap();
        process.body(&read("/a")).await;
        assert_eq!(process.request_count(), 1);
        assert!(Process::start(Some(folder.path())).caching.has_cached(&read("/a")).await);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let process = Process::start(Some(&file.join("answers")));
    assert_eq!(process.body(&read("/a")).await, "1");
    assert_eq!(process.body(&read("/a")).await, "1");
    assert_eq!(process.body(&write("/a")).await, "2");
    assert_eq!(process.body(&read("/a")).await, "3");
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b/answers");
    let process = Process::start(Some(&folder));
    let long = "x".repeat(1000);
    let names = ["..", ".", "", "../..", "/", "a/b", "a\\b", "C:", "nul", "\0", "é", &long];
    for name in names {
        for place in [(name, "s"), ("p", name), (name, name)] {
            process.body(&question(Verb::Select, place, "/a")).await;
        }
    }
    let asked = process.request_count();
    assert_eq!(asked, names.len() * 3);
    let all = files(home.path(), "");
    assert_eq!(all.len(), asked, "all are kept");
    for path in all {
        let below = path.strip_prefix(&folder).unwrap();
        assert_eq!(below.components().filter(|c| matches!(c, std::path::Component::Normal(_))).count(), 3);
        assert_eq!(below.components().count(), 3);
    }
    process.body(&question(Verb::Delete, ("..", ".."), "/a")).await;
    assert!(folder.exists());
}

#[tokio::test]
async fn the_oldest_answers_go_where_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |body: usize| CachedResponse {
        received_at: SystemTime::now(),
        response: answer(200, vec![b'x'; body]).unwrap(),
    };
    let names: Vec<String> = (0..20).map(|n: u8| fingerprint([[n]])).collect();
    let service = |at: usize| ServiceKey { provider: "p".into(), name: format!("s{}", at % 3) };
    let foreign = folder.path().join("p_/s0_/notes.txt");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, vec![b'x'; 1 << 20]).unwrap();
    let disk = DiskCache::new(folder.path().to_owned(), 10_000);
    for (at, name) in names.iter().enumerate() {
        disk.store(&service(at), name, &kept(1000));
        let [path] = files(folder.path(), &format!("{name}.answer")).try_into().unwrap();
        // As if the last had come first.
        let time = SystemTime::now() - HOUR - Duration::from_secs(at as u64);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        let total: u64 = files(folder.path(), ".answer").iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(total <= 10_000, "{total}");
    }
    assert!(disk.load(&service(0), &names[0]).is_some(), "the newest by its time stays");
    assert!(disk.load(&service(8), &names[8]).is_none(), "the oldest goes");
    assert!(foreign.exists());
    // Another process counts what is there.
    DiskCache::new(folder.path().to_owned(), 2_000).store(&service(0), &names[0], &kept(1000));
    assert_eq!(files(folder.path(), ".answer").len(), 1);
}

#[tokio::test]
async fn scopes_are_the_inner_transports() {
    let scope = Scope { name: "region".into(), environment: vec![], default: None, members: None };
    let found = Process::start(None).caching.default_scope(&Provider::default(), &scope).await;
    assert_eq!(found.as_deref(), Ok("region-1"));
}

#[tokio::test]
async fn no_body_is_printed() {
    let process = Process::start(None);
    *process.api.script.lock().unwrap() = [answer(200, "hush")].into();
    process.body(&read("/a")).await;
    assert!(!format!("{:?}", process.caching).contains("hush"));
}
