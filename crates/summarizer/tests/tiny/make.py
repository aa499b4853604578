#!/usr/bin/env python3
"""Makes the tiny random models beside this file and the token ids that the reference writes.

    make.py OUT_FOLDER      needs torch, transformers 4.40, tokenizers, sentencepiece

bart/ is a byte-level BPE BART, t5/ a unigram T5, both with random weights (fixed seeds) of two
layers and 32 dimensions, in Hugging Face's own layout. expected.json holds, for each model, each
setting and each text, the ids that `generate` writes. The row of the end token in the embedding
is chosen so that lengths differ; `final_logits_bias` stays zero, since rust-bert does not read it.
"""
import json
import os
import sys

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (BartConfig, BartForConditionalGeneration, BartTokenizer, T5Config,
                          T5ForConditionalGeneration, T5Tokenizer)
import sentencepiece

TEXTS = [
    "The ferry to the outer islands was cancelled on Monday after a storm damaged the pier.",
    "Engineers said repairs would take two weeks, and a bus will carry passengers meanwhile.",
    "Fishermen asked the council for money; the mayor promised an answer by Friday.",
    "A second storm is expected. Schools on the islands stay closed.",
    "Nobody was hurt.",
]
SETTINGS = {
    "greedy": dict(num_beams=1, min_length=0, max_length=40, no_repeat_ngram_size=0),
    "greedy_blocked": dict(num_beams=1, min_length=10, max_length=40, no_repeat_ngram_size=3),
    "beams": dict(num_beams=4, min_length=0, max_length=40, no_repeat_ngram_size=0),
    "beams_blocked": dict(num_beams=4, min_length=10, max_length=40, no_repeat_ngram_size=3),
    "long": dict(num_beams=4, min_length=20, max_length=60, no_repeat_ngram_size=3, length_penalty=2.0),
    "short": dict(num_beams=3, min_length=0, max_length=40, no_repeat_ngram_size=2, length_penalty=0.5),
}


def bart(folder):
    os.makedirs(folder, exist_ok=True)
    trainer = ByteLevelBPETokenizer()
    trainer.train_from_iterator(TEXTS * 4, vocab_size=420, min_frequency=1,
                                special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trainer.save_model(folder)
    tokenizer = BartTokenizer(f"{folder}/vocab.json", f"{folder}/merges.txt")
    torch.manual_seed(7)
    config = BartConfig(vocab_size=len(tokenizer), d_model=32, encoder_layers=2, decoder_layers=2,
                        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
                        decoder_ffn_dim=64, max_position_embeddings=128, init_std=0.6,
                        forced_bos_token_id=None, dropout=0.0, attention_dropout=0.0)
    model = BartForConditionalGeneration(config).eval()
    tune(model, tokenizer, model.model.shared.weight, config.eos_token_id, "")
    model.save_pretrained(folder, safe_serialization=True)
    return tokenizer, model, ""


def t5(folder):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/corpus.txt", "w") as f:
        f.write("\n".join(TEXTS * 40 + ["summarize: "] * 40))
    sentencepiece.SentencePieceTrainer.train(
        input=f"{folder}/corpus.txt", model_prefix=f"{folder}/spiece", vocab_size=140,
        model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False)
    os.remove(f"{folder}/corpus.txt")
    os.remove(f"{folder}/spiece.vocab")
    tokenizer = T5Tokenizer(f"{folder}/spiece.model", extra_ids=100, legacy=True)
    torch.manual_seed(11)
    config = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2,
                      num_heads=4, dropout_rate=0.0, decoder_start_token_id=0, initializer_factor=3.0,
                      feed_forward_proj="relu", n_positions=128)
    model = T5ForConditionalGeneration(config).eval()
    tune(model, tokenizer, model.shared.weight, config.eos_token_id, "summarize: ")
    model.save_pretrained(folder, safe_serialization=True)
    return tokenizer, model, "summarize: "


def generate(model, tokenizer, text, options):
    ids = tokenizer([text], return_tensors="pt").input_ids
    with torch.no_grad():
        return model.generate(ids, early_stopping=options["num_beams"] > 1, do_sample=False,
                              **options)[0].tolist()


def tune(model, tokenizer, weight, eos, prefix):
    """Takes the row of the end token, among random ones, that makes lengths differ most."""
    best, chosen = -1, None
    for seed in range(60):
        torch.manual_seed(seed)
        row = torch.randn(weight.shape[1]) * weight.std() * (1.0 + seed % 6 * 0.4)
        with torch.no_grad():
            weight[eos] = row
        lengths = [{len(generate(model, tokenizer, prefix + t, SETTINGS[s])) for t in TEXTS}
                   for s in ("greedy", "beams", "greedy_blocked")]
        score = sum(len(l) - (40 in l) * 0.5 - (min(l) < 5) * 0.5 for l in lengths)
        if score > best:
            best, chosen = score, row
    with torch.no_grad():
        weight[eos] = chosen


def main(out):
    expected = {"texts": TEXTS, "settings": SETTINGS, "ids": {}}
    for name, build in (("bart", bart), ("t5", t5)):
        tokenizer, model, prefix = build(f"{out}/{name}")
        for extra in ("generation_config.json",):
            if os.path.exists(f"{out}/{name}/{extra}"):
                os.remove(f"{out}/{name}/{extra}")
        rows = expected["ids"].setdefault(name, {})
        for setting, options in SETTINGS.items():
            rows[setting] = []
            for text in TEXTS:
                rows[setting].append(generate(model, tokenizer, prefix + text, options))
            print(name, setting, [len(r) for r in rows[setting]])
    with open(f"{out}/expected.json", "w") as f:
        json.dump(expected, f, indent=None, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
