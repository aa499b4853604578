//! One model in llama.cpp: loading, the prompt, and writing one token after the other.

use std::num::NonZeroU32;
use std::sync::OnceLock;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::token::LlamaToken;

use super::words::{Tail, Words};
use super::{Config, LlamaError};
use crate::sentences;

/// The rules, and their version: the name of the file without its ending.
const RULES: &str = include_str!("../../../../models/prompts/fuse-1.md");
pub(super) const VERSION: &str = "fuse-1";

/// Where the passage goes in the rules.
const PASSAGE: &str = "{passage}";

/// Tokens that are read at once.
const BATCH: usize = 512;

/// What is asked of a model.
#[derive(Debug)]
pub(super) struct Question {
    /// What it rewrites.
    pub(super) passage: String,
    /// What it may write; anything where this is none.
    pub(super) words: Option<Words>,
    /// It need not go on after this many sentences, 1 or more.
    pub(super) sentences: usize,
    /// It must not go on after this many tokens.
    pub(super) max_tokens: u32,
}

/// What a model wrote.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    /// It stopped at the bound of tokens.
    pub(super) cut_off: bool,
}

/// A loaded model.
pub(super) struct Model {
    config: Config,
    model: LlamaModel,
    template: LlamaChatTemplate,
    /// By token.
    pieces: Vec<Piece>,
}

/// What a token stands for.
enum Piece {
    /// The end of the answer.
    End,
    /// Nothing that an answer may hold.
    Control,
    /// These bytes; a letter can be parted between two tokens.
    Text(Vec<u8>),
}

impl Model {
    /// Loads the file, which must be verified.
    pub(super) fn load(config: &Config) -> Result<Self, LlamaError> {
        let unfit = |why: String| LlamaError::Unfit { path: config.path.clone(), why };
        let model = LlamaModel::load_from_file(
            backend()?,
            &config.path,
            &LlamaModelParams::default().with_n_gpu_layers(0),
        )
        .map_err(|error| {
            // llama.cpp tells why only in its log, which goes nowhere.
            unfit(format!(
                "llama.cpp does not load it ({error}); it is cut short, no GGUF file, or of an \
                 architecture that this llama.cpp does not know"
            ))
        })?;
        let trained = model.n_ctx_train();
        if trained < config.context {
            let (path, asked) = (config.path.clone(), config.context);
            return Err(LlamaError::Context { path, asked, trained });
        }
        let template = model
            .chat_template(None)
            .map_err(|error| unfit(format!("it is not instruction-tuned ({error})")))?;
        let vocabulary = model.vocab();
        let pieces = vocabulary.tokens().map(|token| {
            if vocabulary.is_eog(token) {
                Piece::End
            } else if vocabulary.is_control(token) {
                Piece::Control
            } else {
                Piece::Text(vocabulary.token_to_piece(token, false, None))
            }
        });
        let pieces = pieces.collect();
        Ok(Self { config: config.clone(), model, template, pieces })
    }

    /// The memory that one text is read into. One at a time.
    pub(super) fn context(&self) -> Result<LlamaContext<'_>, LlamaError> {
        // One thread a model: two on a busy machine wait for each other at every layer.
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(self.config.context))
            .with_n_batch(BATCH as u32)
            .with_n_ubatch(BATCH as u32)
            .with_n_threads(1)
            .with_n_threads_batch(1);
        self.model.new_context(backend()?, params).map_err(|error| {
            let why = format!("no context of {} tokens ({error})", self.config.context);
            LlamaError::Unfit { path: self.config.path.clone(), why }
        })
    }

    /// Answers `question`, always taking the likeliest of the tokens that are allowed.
    pub(super) fn write(
        &self,
        context: &mut LlamaContext<'_>,
        question: &Question,
    ) -> Result<Written, LlamaError> {
        let prompt = self.prompt(question)?;
        let needed = prompt.len() + question.max_tokens as usize;
        if needed > self.config.context as usize {
            return Err(LlamaError::TooLong { needed, context: self.config.context as usize });
        }
        context.clear_kv_cache();
        let mut batch = LlamaBatch::new(BATCH, 1);
        for (number, part) in prompt.chunks(BATCH).enumerate() {
            read(context, &mut batch, part, number * BATCH)?;
        }
        let mut text: Vec<u8> = Vec::new();
        let mut tail = question.words.as_ref().map(Tail::new);
        for place in prompt.len()..needed {
            let logits = context.get_logits_ith(batch.n_tokens() - 1);
            let Some(token) = self.likeliest(logits, tail.as_ref()) else { break };
            let Piece::Text(piece) = &self.pieces[token] else { break };
            // Between words, since the first letters of one can look like another sentence.
            if piece.starts_with(b" ") || piece.starts_with(b"\n") {
                let so_far = String::from_utf8_lossy(&text);
                if let Some(enough) = first(&so_far, question.sentences) {
                    return Ok(Written { text: enough.to_owned(), cut_off: false });
                }
            }
            text.extend_from_slice(piece);
            if let Some(tail) = &mut tail {
                tail.push(piece);
            }
            if place + 1 == needed {
                let text = String::from_utf8_lossy(&text).into_owned();
                return Ok(Written { text, cut_off: true });
            }
            read(context, &mut batch, &[LlamaToken::new(token as i32)], place)?;
        }
        Ok(Written { text: String::from_utf8_lossy(&text).into_owned(), cut_off: false })
    }

    /// The token of the greatest logit among those that may come next; the first of equals.
    fn likeliest(&self, logits: &[f32], tail: Option<&Tail<'_>>) -> Option<usize> {
        let allowed = |piece: &Piece| match (piece, tail) {
            (Piece::Control, _) => false,
            (Piece::Text(bytes), _) if bytes.is_empty() => false,
            (Piece::Text(_) | Piece::End, None) => true,
            (Piece::Text(bytes), Some(tail)) => tail.allows(bytes),
            (Piece::End, Some(tail)) => tail.may_end(),
        };
        let mut best: Option<(usize, f32)> = None;
        // Only what would be the new best is held against the words: few tokens are.
        for (token, (&logit, piece)) in logits.iter().zip(&self.pieces).enumerate() {
            if best.is_none_or(|(_, most)| logit > most) && !logit.is_nan() && allowed(piece) {
                best = Some((token, logit));
            }
        }
        best.map(|(token, _)| token)
    }

    /// The rules in the model's own form of a chat, the passage in its place. Only the rules may
    /// hold control tokens: in the passage they are read as text.
    fn prompt(&self, question: &Question) -> Result<Vec<LlamaToken>, LlamaError> {
        let unfit = |why: String| LlamaError::Unfit { path: self.config.path.clone(), why };
        let rules = RULES.trim().replace("{sentences}", &question.sentences.to_string());
        let message = LlamaChatMessage::new("user".to_owned(), rules)
            .map_err(|error| LlamaError::Failed(error.to_string()))?;
        let chat = self
            .model
            .apply_chat_template(&self.template, &[message], true)
            .map_err(|error| unfit(format!("its chat template is not known ({error})")))?;
        let (before, after) = chat
            .split_once(PASSAGE)
            .ok_or_else(|| unfit("its chat template loses what is asked".to_owned()))?;
        let vocabulary = self.model.vocab();
        let begin = vocabulary.bos();
        // Some templates write the first token themselves.
        let begun = begin.0 >= 0
            && before.as_bytes().starts_with(&vocabulary.token_to_piece(begin, true, None));
        let mut tokens = vocabulary.tokenize(before.as_bytes(), !begun, true);
        tokens.extend(vocabulary.tokenize(question.passage.as_bytes(), false, false));
        tokens.extend(vocabulary.tokenize(after.as_bytes(), false, true));
        Ok(tokens)
    }
}

/// The first `most` sentences of `text`, where another has begun.
fn first(text: &str, most: usize) -> Option<&str> {
    let surplus = sentences::split(text).into_iter().nth(most)?;
    Some(&text[..surplus.bytes.start])
}

/// Reads at most [`BATCH`] tokens, which come at `place`; the logits after the last one are kept.
fn read(
    context: &mut LlamaContext<'_>,
    batch: &mut LlamaBatch<'_>,
    tokens: &[LlamaToken],
    place: usize,
) -> Result<(), LlamaError> {
    let failed = |error: String| LlamaError::Failed(error);
    batch.clear();
    for (number, token) in tokens.iter().enumerate() {
        let last = number + 1 == tokens.len();
        batch
            .add(*token, (place + number) as i32, &[0], last)
            .map_err(|error| failed(error.to_string()))?;
    }
    context.decode(batch).map_err(|error| failed(error.to_string()))
}

/// llama.cpp itself, which can be started once in a process.
fn backend() -> Result<&'static LlamaBackend, LlamaError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let started = BACKEND.get_or_init(|| {
        let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
        // It writes to stderr what nobody asked for.
        backend.void_logs();
        Ok(backend)
    });
    started.as_ref().map_err(|why| LlamaError::Failed(why.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_too_many_is_not_begun() {
        let text = "The wall broke. It will cost 14.5 million. The";
        assert_eq!(first(text, 2), Some("The wall broke. It will cost 14.5 million. "));
        assert_eq!(first(text, 1), Some("The wall broke. "));
        assert_eq!(first(text, 3), None);
        assert_eq!(first("", 1), None);
    }
}
