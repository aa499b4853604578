//! Sentence embeddings: what a BERT such as all-MiniLM-L6-v2 says that a sentence means.
//!
//! Promises: the mean of the last layer over a sentence's own tokens, of length 1, equal to
//! sentence-transformers to 1e-5; the same in every batch to 1e-6. Bounded: of a sentence the
//! first [`LIMIT`] tokens are read (fewer where the model's folder says so), and of its text the
//! first [`MAX_BYTES`]; the rest is cut off. Leaves out: other poolings, layers behind the pooling,
//! and families other than BERT; their folders are refused.

use std::path::{Path, PathBuf};

use rust_bert::RustBertError;
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use rust_bert::pipelines::common::{ModelType, TokenizerOption};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::encoder_folder::EncoderFolder;
use super::model::{ModelError, guarded};

/// Tokens of a sentence beyond this one are not read, the two at its ends included.
pub const LIMIT: usize = 256;

/// Text of a sentence beyond this byte is not read: 16 bytes a token is more than news has.
pub const MAX_BYTES: usize = 16 * LIMIT;

/// Sentences that go through the model at once: more is not faster on a processor.
const BATCH: usize = 16;

/// A loaded encoder. Belongs to one thread at a time.
pub struct Encoder {
    folder: PathBuf,
    tokenizer: TokenizerOption,
    model: BertModel<BertEmbeddings>,
    /// Tokens that are read of a sentence.
    limit: usize,
    /// The ids of `[CLS]`, `[SEP]` and `[PAD]`.
    marks: [i64; 3],
    width: usize,
    /// What the model's tensors live in.
    _weights: VarStore,
}

impl Encoder {
    /// Loads the encoder in `model`, a folder or a name that [`crate::models::find`] knows. Takes
    /// a second and, while it loads, about three times the memory of the weight file. `threads`
    /// are those of libtorch, for the whole process.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; all of them mean that this encoder cannot be used.
    pub fn load(model: &Path, threads: u8) -> Result<Self, ModelError> {
        let path = crate::models::find(model);
        let folder = EncoderFolder::open(&path)?;
        tch::set_num_threads(i32::from(threads.max(1)));
        // rust-bert panics over a config.json that lacks a key.
        let loaded = guarded(&path, || tch::no_grad(|| Self::from_folder(&path, &folder)))?;
        loaded.map_err(|source| ModelError::Model { model: path, source })
    }

    fn from_folder(path: &Path, folder: &EncoderFolder) -> Result<Self, RustBertError> {
        let config: BertConfig = rust_bert::Config::from_file(&folder.config);
        let mut weights = VarStore::new(Device::Cpu);
        let model = BertModel::new_with_optional_pooler(weights.root(), &config, false);
        weights.load(&folder.weights)?;
        weights.freeze();
        let vocabulary = folder.vocabulary.to_string_lossy();
        let tokenizer = TokenizerOption::from_file(
            ModelType::Bert,
            &vocabulary,
            None,
            folder.lower_case,
            folder.strip_accents,
            None,
        )?;
        let mark = |token: &str| tokenizer.convert_tokens_to_ids(&[token])[0];
        Ok(Self {
            folder: path.to_owned(),
            marks: [mark("[CLS]"), mark("[SEP]"), mark("[PAD]")],
            limit: folder.limit.min(LIMIT),
            width: usize::try_from(config.hidden_size).unwrap_or_default(),
            tokenizer,
            model,
            _weights: weights,
        })
    }

    /// The last part of the folder's path.
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// How many numbers an embedding has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One embedding a sentence, in their order, each of [`Encoder::width`] numbers and length 1.
    /// An empty sentence has one too.
    ///
    /// # Errors
    ///
    /// [`ModelError::Model`] or [`ModelError::Panicked`]. After a panic the encoder must be dropped.
    pub fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let encoded = guarded(&self.folder, || {
            let ids: Vec<Vec<i64>> = sentences.iter().map(|s| self.ids(s)).collect();
            // Those of about the same length together: what fills up the shorter ones costs as
            // much as text.
            let mut order: Vec<usize> = (0..ids.len()).collect();
            order.sort_by_key(|&i| ids[i].len());
            let mut embeddings = vec![Vec::new(); ids.len()];
            for batch in order.chunks(BATCH) {
                let rows: Vec<&[i64]> = batch.iter().map(|&i| ids[i].as_slice()).collect();
                for (&i, embedding) in batch.iter().zip(self.forward(&rows)?) {
                    embeddings[i] = embedding;
                }
            }
            Ok(embeddings)
        })?;
        encoded.map_err(|source| ModelError::Model { model: self.folder.clone(), source })
    }

    fn ids(&self, sentence: &str) -> Vec<i64> {
        let end = sentence.floor_char_boundary(MAX_BYTES);
        // The reference parts words there, this tokenizer does not.
        let text = sentence[..end].replace(['\u{2028}', '\u{2029}'], " ");
        let tokens = self.tokenizer.tokenize(&text);
        let kept = tokens.len().min(self.limit.saturating_sub(2));
        let mut ids = vec![self.marks[0]];
        ids.extend(self.tokenizer.convert_tokens_to_ids(&tokens[..kept]));
        ids.push(self.marks[1]);
        ids
    }

    /// The embeddings of rows of token ids, which are not empty.
    fn forward(&self, rows: &[&[i64]]) -> Result<Vec<Vec<f32>>, RustBertError> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let mut ids = vec![self.marks[2]; rows.len() * longest];
        let mut mask = vec![0_i64; ids.len()];
        for (number, row) in rows.iter().enumerate() {
            let at = number * longest;
            ids[at..at + row.len()].copy_from_slice(row);
            mask[at..at + row.len()].fill(1);
        }
        let shape = [rows.len() as i64, longest as i64];
        tch::no_grad(|| {
            let ids = Tensor::from_slice(&ids).view(shape);
            let mask = Tensor::from_slice(&mask).view(shape);
            let output = self.model.forward_t(
                Some(&ids),
                Some(&mask),
                None,
                None,
                None,
                None,
                None,
                false,
            )?;
            let mask = mask.unsqueeze(-1).to_kind(Kind::Float);
            let sum =
                (output.hidden_state * &mask).sum_dim_intlist(Some([1].as_slice()), false, None);
            let mean = sum / mask.sum_dim_intlist(Some([1].as_slice()), false, None);
            let length = mean.norm_scalaropt_dim(2, [1].as_slice(), true).clamp_min(1e-12);
            Ok(Vec::<Vec<f32>>::try_from(mean / length)?)
        })
    }
}
