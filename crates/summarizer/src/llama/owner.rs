//! The thread that owns a model, and how all who need the same model share it.
//!
//! llama.cpp keeps one context a model and is not to be entered from two threads at once. A model
//! is loaded by the first who asks for its file, answers one question after the other, and goes
//! with the last who held it.

use std::any::Any;
use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

use super::model::{Model, Question, Written};
use super::{Config, LlamaError};

/// A model and its thread.
#[derive(Debug)]
pub(super) struct Owner {
    /// None only while it is dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// What it was loaded with.
    config: Config,
}

struct Job {
    question: Question,
    answer: SyncSender<Result<Written, LlamaError>>,
}

/// The models of this process. The lock is held while one loads, so that a second who wants the
/// same waits for it instead of loading it again.
static OWNERS: Mutex<Vec<Weak<Owner>>> = Mutex::new(Vec::new());

impl Owner {
    /// The model of `config`; reads and loads the file unless it is in use already.
    pub(super) fn of(config: &Config) -> Result<Arc<Self>, LlamaError> {
        let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|owner| owner.strong_count() > 0);
        let serves = |owner: &Arc<Self>| owner.is_alive() && owner.config.is_same_model(config);
        if let Some(owner) = owners.iter().filter_map(Weak::upgrade).find(serves) {
            return Ok(owner);
        }
        let owner = Arc::new(Self::load(config)?);
        owners.push(Arc::downgrade(&owner));
        Ok(owner)
    }

    fn load(config: &Config) -> Result<Self, LlamaError> {
        verify(config)?;
        let (jobs, questions) = channel();
        let (ready, loaded) = sync_channel(1);
        let own = config.clone();
        let thread = thread::Builder::new()
            .name("llama".to_owned())
            .spawn(move || serve(&own, &ready, &questions))
            .map_err(|error| LlamaError::Failed(format!("its thread: {error}")))?;
        // Nothing comes where the thread died before it could say why.
        loaded.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), config: config.clone() })
    }

    /// Has `question` answered. Blocks until it is this one's turn, and while the model writes.
    pub(super) fn ask(&self, question: Question) -> Result<Written, LlamaError> {
        let (answer, written) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { question, answer }).map_err(|_| gone())?;
        written.recv().unwrap_or_else(|_| Err(gone()))
    }

    fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // The thread ends when nobody can ask any more.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been told to the one whose question it was.
            let _ = thread.join();
        }
    }
}

/// What the thread does, from loading to the last question.
fn serve(config: &Config, ready: &SyncSender<Result<(), LlamaError>>, questions: &Receiver<Job>) {
    let model = match caught(|| Model::load(config)) {
        Ok(model) => model,
        Err(error) => {
            // Who asked waits for this.
            let _ = ready.send(Err(error));
            return;
        }
    };
    let mut context = match caught(|| model.context()) {
        Ok(context) => context,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    for job in questions {
        let written = caught(|| model.write(&mut context, &job.question));
        let broken = matches!(written, Err(LlamaError::Panicked(_)));
        // Whoever asked may have gone: a stop does not wait for an answer.
        let _ = job.answer.send(written);
        if broken {
            return;
        }
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T, LlamaError>) -> Result<T, LlamaError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(LlamaError::Panicked(said(&*payload))))
}

fn said(payload: &(dyn Any + Send)) -> String {
    let owned = payload.downcast_ref::<String>().cloned();
    let text = owned.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "without a message".to_owned())
}

fn gone() -> LlamaError {
    LlamaError::Panicked("over an earlier article".to_owned())
}

/// Holds the file to the hash of the configuration.
fn verify(config: &Config) -> Result<(), LlamaError> {
    let unreadable = |source| LlamaError::Unreadable { path: config.path.clone(), source };
    let mut file = File::open(&config.path).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    let found: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    if found.eq_ignore_ascii_case(&config.sha256) {
        return Ok(());
    }
    let (path, asked) = (config.path.clone(), config.sha256.clone());
    Err(LlamaError::OtherFile { path, asked, found })
}
