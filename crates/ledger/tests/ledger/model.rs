//! Random operations, beside a model that fits on two screens: every answer, claim, count, record
//! and dead letter must be equal, also after the ledger was closed in the middle and opened again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use newsmill_article::{ArticleId, Outcome, Reason, Record};
use newsmill_ledger::{Applied, Config, Discovered, EntryId, Ledger, Operation, Refusal, Sequence};
use proptest::prelude::*;

use crate::make::{at, discover, entry, fast_folder, ready, record, settle};

const SINKS: [&str; 2] = ["file", "web"];
const ATTEMPTS: u32 = 3;
const PAUSE: i64 = 15 * 60;

#[derive(Debug, Clone)]
enum Step {
    Discover { url: usize, updated: Option<i64>, by_source: bool },
    Claim(usize),
    Ready { entry: usize, home: Option<usize>, title: usize, text: usize },
    Settle { entry: usize, outcome: usize },
    Deliver { sink: usize, ahead: i64, reject_every: i64 },
    DeadRetry(usize),
    DeadDrop(usize),
    Wait(i64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..5, prop::option::of(-100i64..20_000), any::<bool>())
            .prop_map(|(url, updated, by_source)| Step::Discover { url, updated, by_source }),
        3 => (0usize..4).prop_map(Step::Claim),
        8 => (0usize..12, prop::option::weighted(0.2, 0usize..5), 0usize..2, 0usize..3)
            .prop_map(|(entry, home, title, text)| Step::Ready { entry, home, title, text }),
        5 => (0usize..12, 0usize..7).prop_map(|(entry, outcome)| Step::Settle { entry, outcome }),
        4 => (0usize..2, 0i64..4, 1i64..4).prop_map(|(sink, ahead, reject_every)| {
            Step::Deliver { sink, ahead, reject_every }
        }),
        2 => (0usize..12).prop_map(Step::DeadRetry),
        1 => (0usize..12).prop_map(Step::DeadDrop),
        3 => (1i64..1200).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
    ]
}

fn url(n: usize) -> String {
    format!("https://example.org/{n}")
}

fn made(url_number: usize, title: usize, text: usize) -> Record {
    record(&entry(None, &url(url_number)), &format!("title {title}"), &format!("text {text}"))
}

#[derive(Debug, Clone, PartialEq)]
enum Is {
    Due { attempts: u32, not_before: i64 },
    HandedOff { attempts: u32 },
    Ready { sequence: i64 },
    Delivered,
    Duplicate,
    Rejected(&'static str),
}

struct Visit {
    url: usize,
    seen: i64,
    is: Is,
    /// The article's own address, which the page may name, and its title and text.
    article: Option<(usize, (usize, usize))>,
}

#[derive(Default)]
struct Model {
    now: i64,
    visits: Vec<Visit>,
    /// By URL: the last visit and the version.
    seen: BTreeMap<usize, (usize, i64)>,
    /// By own address and by text: the last visit that was ready or unchanged.
    articles: BTreeMap<usize, usize>,
    texts: BTreeMap<usize, usize>,
    /// Visit and the only sink, by place.
    records: Vec<(usize, Option<usize>)>,
    positions: [i64; 2],
    delivered: i64,
    in_flight: Vec<usize>,
    /// By visit and sink (`None` for a stage).
    dead: BTreeMap<(usize, Option<usize>), &'static str>,
}

impl Model {
    fn discover(&mut self, url: usize, updated: Option<i64>, by_source: bool) -> Discovered {
        if let Some((last, version)) = self.seen.get(&url).copied() {
            let visit = &self.visits[last];
            let open = matches!(visit.is, Is::Due { .. } | Is::HandedOff { .. });
            let soon = by_source && self.now - visit.seen < PAUSE;
            if updated.is_none_or(|at| at <= version) || open || soon {
                return Discovered::Known(id(last));
            }
        }
        let number = self.visits.len();
        let is = Is::Due { attempts: 0, not_before: self.now };
        self.visits.push(Visit { url, seen: self.now, is, article: None });
        self.seen.insert(url, (number, updated.unwrap_or(self.now)));
        Discovered::New(id(number))
    }

    fn claim(&mut self, limit: usize) -> Vec<(EntryId, u32)> {
        let mut due: Vec<_> =
            self.due().filter(|(not_before, ..)| *not_before <= self.now).collect();
        due.sort_unstable();
        due.truncate(limit);
        self.in_flight.extend(due.iter().map(|(_, visit, _)| visit));
        due.into_iter().map(|(_, visit, attempts)| (id(visit), attempts)).collect()
    }

    fn due(&self) -> impl Iterator<Item = (i64, usize, u32)> {
        self.visits.iter().enumerate().filter_map(|(number, visit)| match visit.is {
            Is::Due { attempts, not_before } if !self.in_flight.contains(&number) => {
                Some((not_before, number, attempts))
            }
            _ => None,
        })
    }

    fn ready(&mut self, number: usize, home: usize, wording: (usize, usize)) -> Applied {
        let Some(visit) = self.visits.get(number) else { return Applied::Ignored };
        if !matches!(visit.is, Is::Due { .. } | Is::HandedOff { .. }) {
            return Applied::Ignored;
        }
        let known = self.articles.get(&home).and_then(|last| self.visits[*last].article);
        let twin = self.texts.get(&wording.1).and_then(|last| self.visits[*last].article);
        self.in_flight.retain(|claimed| *claimed != number);
        let same = known == Some((home, wording));
        if let Some((twin, _)) = twin.filter(|(twin, _)| !same && *twin != home) {
            self.visits[number].is = Is::Duplicate;
            return Applied::Duplicate { of: made(twin, 0, 0).id };
        }
        self.visits[number].article = Some((home, wording));
        self.articles.insert(home, number);
        self.texts.insert(wording.1, number);
        if same {
            self.visits[number].is = Is::Duplicate;
            return Applied::Unchanged;
        }
        self.records.push((number, None));
        let sequence = self.records.len() as i64;
        self.visits[number].is = Is::Ready { sequence };
        Applied::Ready { sequence: Sequence(sequence) }
    }

    fn settle(&mut self, number: usize, outcome: &Outcome) -> Applied {
        let Some(visit) = self.visits.get_mut(number) else { return Applied::Ignored };
        let (attempts, waits) = match visit.is {
            Is::Due { attempts, not_before } => (attempts, Some(not_before)),
            Is::HandedOff { attempts } => (attempts, None),
            _ => return Applied::Ignored,
        };
        let (is, told) = match outcome {
            Outcome::Abandoned => {
                let not_before = waits.unwrap_or(self.now);
                (Is::Due { attempts, not_before }, outcome.clone())
            }
            Outcome::PutOff { after } => {
                let not_before = self.now + after.as_secs() as i64;
                (Is::Due { attempts, not_before }, outcome.clone())
            }
            Outcome::HandedOff if waits.is_none() => return Applied::Ignored,
            Outcome::HandedOff => (Is::HandedOff { attempts }, outcome.clone()),
            Outcome::Delivered => (Is::Delivered, outcome.clone()),
            Outcome::Duplicate { .. } => (Is::Duplicate, outcome.clone()),
            Outcome::Rejected(reason) => (Is::Rejected(reason.code()), outcome.clone()),
            Outcome::Retry { .. } if attempts + 1 == ATTEMPTS => {
                let reason = Reason::GaveUp { attempts: ATTEMPTS };
                (Is::Rejected("gave_up"), Outcome::Rejected(reason))
            }
            Outcome::Retry { after } => {
                let after = (*after).max(Duration::from_secs(60 << attempts));
                let not_before = self.now + after.as_secs() as i64;
                (Is::Due { attempts: attempts + 1, not_before }, Outcome::Retry { after })
            }
        };
        if let Is::Rejected(code @ ("gave_up" | "panicked")) = is {
            self.dead.insert((number, None), code);
        }
        visit.is = is;
        self.in_flight.retain(|claimed| *claimed != number);
        Applied::Settled(told)
    }

    /// The batch that a sink asks for, and those of it that it refuses.
    fn batch(&self, sink: usize, ahead: i64, reject_every: i64) -> (i64, Vec<Refusal>) {
        let through = (self.positions[sink] + ahead).min(self.records.len() as i64);
        let refused = (self.positions[sink] + 1..=through)
            .filter(|sequence| reject_every > 1 && sequence % reject_every == 0)
            .map(|n| Refusal { sequence: Sequence(n), detail: "no".into() });
        (through, refused.collect())
    }

    fn deliver(&mut self, sink: usize, through: i64, refused: &[Refusal]) -> Applied {
        if through <= self.positions[sink] {
            return Applied::Ignored;
        }
        for refusal in refused {
            let (visit, only) = self.records[refusal.sequence.0 as usize - 1];
            if only.is_some_and(|only| only != sink) {
                continue;
            }
            self.dead.insert((visit, Some(sink)), "sink_refused");
            if matches!(self.visits[visit].is, Is::Ready { .. }) {
                self.visits[visit].is = Is::Rejected("sink_refused");
            }
        }
        self.positions[sink] = through;
        self.advance();
        Applied::Delivered
    }

    fn advance(&mut self) {
        self.delivered = self.delivered.max(self.positions[0].min(self.positions[1]));
        for visit in &mut self.visits {
            if matches!(visit.is, Is::Ready { sequence } if sequence <= self.delivered) {
                visit.is = Is::Delivered;
            }
        }
    }

    fn dead_retry(&mut self, number: usize) -> bool {
        let letters: Vec<_> =
            self.dead.keys().filter(|(visit, _)| *visit == number).copied().collect();
        if letters.is_empty() || !matches!(self.visits[number].is, Is::Rejected(_)) {
            return false;
        }
        for letter in &letters {
            self.dead.remove(letter);
            self.visits[number].is = match letter.1 {
                None => Is::Due { attempts: 0, not_before: self.now },
                Some(sink) => {
                    self.records.push((number, Some(sink)));
                    Is::Ready { sequence: self.records.len() as i64 }
                }
            };
        }
        true
    }

    fn dead_drop(&mut self, number: usize) -> bool {
        let before = self.dead.len();
        self.dead.retain(|(visit, _), _| *visit != number);
        self.dead.len() < before
    }
}

fn id(number: usize) -> EntryId {
    EntryId(number as i64 + 1)
}

fn outcome(n: usize) -> Outcome {
    match n {
        0 => Outcome::Rejected(Reason::TooShort { words: 3 }),
        1 => Outcome::Rejected(Reason::Panicked),
        2 => Outcome::Retry { after: Duration::from_secs(100) },
        3 => Outcome::HandedOff,
        4 => Outcome::Abandoned,
        5 => Outcome::PutOff { after: Duration::from_secs(7) },
        _ => Outcome::Duplicate { of: ArticleId::from_bits(7) },
    }
}

fn open(path: &Path, now: i64) -> Ledger {
    let config = Config { attempts: ATTEMPTS, ..Config::default() };
    let mut ledger = Ledger::open(path, &config).unwrap();
    ledger.register_sinks(&SINKS, at(now)).unwrap();
    ledger
}

fn compare(ledger: &mut Ledger, model: &Model) {
    let status = ledger.inspect().status().unwrap();
    assert!(status.adds_up(), "{status}");
    let count = |f: fn(&Is) -> bool| model.visits.iter().filter(|v| f(&v.is)).count() as u64;
    assert_eq!(status.entries, model.visits.len() as u64);
    assert_eq!(status.ready, count(|is| matches!(is, Is::Ready { .. })));
    assert_eq!(status.waiting - status.ready, count(|is| matches!(is, Is::Due { .. })));
    assert_eq!(status.handed_off, count(|is| matches!(is, Is::HandedOff { .. })));
    assert_eq!(status.delivered, count(|is| matches!(is, Is::Delivered)));
    assert_eq!(status.duplicates, count(|is| matches!(is, Is::Duplicate)));
    let mut rejected = BTreeMap::new();
    for visit in &model.visits {
        if let Is::Rejected(code) = visit.is {
            *rejected.entry(code.to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(status.rejected, rejected);

    let letters = ledger.inspect().dead_list(None, 999).unwrap();
    let told: Vec<_> = letters.iter().map(|l| (l.id, l.sink.as_deref(), l.code.as_str())).collect();
    let dead = model.dead.iter().map(|((v, sink), code)| (id(*v), sink.map(|s| SINKS[s]), *code));
    assert_eq!(told, dead.collect::<Vec<_>>());
    assert_eq!(status.dead_letters, letters.len() as u64);

    for (sink, name) in SINKS.iter().enumerate() {
        let position = ledger.sink_position(name).unwrap().unwrap().0;
        assert_eq!(position, Sequence(model.positions[sink]));
        let batch = ledger.records_after(name, Sequence(0), 999).unwrap();
        assert_eq!(batch.through, Sequence(model.records.len() as i64));
        let wanted =
            (1..).zip(&model.records).filter(|(_, (_, only))| only.is_none_or(|o| o == sink));
        let wanted = wanted.map(|(sequence, (visit, _))| {
            let (home, (title, text)) = model.visits[*visit].article.unwrap();
            let record = made(home, title, text);
            (Sequence(sequence), record.id, record.revision)
        });
        let got = batch.records.iter().map(|r| (r.sequence, r.id, r.revision));
        assert_eq!(got.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
    let next = model.due().map(|(not_before, ..)| at(not_before)).min();
    assert_eq!(ledger.next_due().unwrap(), next);
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::default() })]
    #[test]
    fn the_ledger_equals_its_model(steps in prop::collection::vec(step(), 1..80)) {
        let folder = fast_folder();
        let path = folder.path().join("l.db");
        let mut ledger = open(&path, 0);
        let mut model = Model::default();
        for step in steps {
            let now = at(model.now);
            let one = |ledger: &mut Ledger, operation: Operation| {
                ledger.apply(&[operation], now).unwrap().remove(0)
            };
            match step {
                Step::Discover { url: n, updated, by_source } => {
                    let mut found = entry(by_source.then_some("s"), &url(n));
                    found.hints.updated = updated.map(|at_second| at(at_second).into());
                    let wanted = model.discover(n, updated, by_source);
                    prop_assert_eq!(
                        one(&mut ledger, discover(vec![found])),
                        Applied::Discovered(vec![wanted])
                    );
                }
                Step::Claim(limit) => {
                    let claims = ledger.claim(now, limit).unwrap();
                    let got: Vec<_> = claims.iter().map(|c| (c.id, c.attempts)).collect();
                    prop_assert_eq!(got, model.claim(limit));
                }
                Step::Ready { entry, home, title, text } => {
                    let visited = model.visits.get(entry).map_or(0, |visit| visit.url);
                    let home = home.unwrap_or(visited);
                    let record = made(home, title, text);
                    let wanted = model.ready(entry, home, (title, text));
                    model.advance();
                    prop_assert_eq!(one(&mut ledger, ready(id(entry), &record)), wanted);
                }
                Step::Settle { entry, outcome: n } => {
                    let wanted = model.settle(entry, &outcome(n));
                    prop_assert_eq!(one(&mut ledger, settle(id(entry), outcome(n))), wanted);
                }
                Step::Deliver { sink, ahead, reject_every } => {
                    let (through, rejected) = model.batch(sink, ahead, reject_every);
                    let wanted = model.deliver(sink, through, &rejected);
                    let operation = Operation::Deliver {
                        sink: SINKS[sink].to_owned(),
                        position: Sequence(through),
                        state: None,
                        rejected,
                    };
                    prop_assert_eq!(one(&mut ledger, operation), wanted);
                }
                Step::DeadRetry(entry) => {
                    let done = ledger.inspect().dead_retry(id(entry), now).unwrap();
                    prop_assert_eq!(done, model.dead_retry(entry));
                }
                Step::DeadDrop(entry) => {
                    let done = ledger.inspect().dead_drop(id(entry)).unwrap();
                    prop_assert_eq!(done, model.dead_drop(entry));
                }
                Step::Wait(seconds) => model.now += seconds,
                Step::Reopen => {
                    drop(ledger);
                    ledger = open(&path, model.now);
                    model.in_flight.clear();
                }
            }
            compare(&mut ledger, &model);
        }
    }
}
