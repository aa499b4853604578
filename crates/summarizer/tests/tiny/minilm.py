#!/usr/bin/env python3
"""Makes minilm.json beside this file: sentences, and what the reference says they mean.

    minilm.py MODEL_FOLDER > minilm.json      needs torch, transformers 4.40, sentence-transformers 2.7

MODEL_FOLDER is all-MiniLM-L6-v2 as its publisher has it; `cargo xtask setup --rust-bert` puts it
into .libtorch/minilm. Each sentence is encoded alone, in float32 on the processor.
"""
import json
import sys

import torch
from sentence_transformers import SentenceTransformer

SENTENCES = [
    "The ferry to the outer islands was cancelled on Monday after a storm damaged the pier.",
    "A boat service was called off because bad weather had broken the jetty.",
    "The central bank left its interest rate at 4.25%.",
    "“Das reicht nicht”, sagte Dr. Anna Müller-Lüdenscheidt; der Ausstoß soll bis 2030 um 65 % sinken.",
    "İstanbul'da ÇOK yağmur yağdı, naïve cafés were closed.",
    "政府は月曜日、新しい住宅計画を発表した。",
    "Расходы вырастут на 5,3 процента.",
    "قال الوزير إن العمل سيبدأ في مايو.",
    "Rescued 🐕‍🦺 after 3 days 👍🏽!",
    "tabs\tand\u00a0odd\u200b spaces\u2028and a line\nbreak, \u0000nul and \ufffd",
    "a" * 150 + " is one word",
    "[CLS] marks [MASK] of [SEP] the [UNK] trade [PAD]",
    "",
    " ".join(f"Item {number} of the agenda was read." for number in range(1, 80)),
]


def main():
    torch.set_num_threads(1)
    model = SentenceTransformer(sys.argv[1], device="cpu")
    rows = [
        {"text": text, "embedding": [round(float(x), 8) for x in model.encode(text)]}
        for text in SENTENCES
    ]
    json.dump(rows, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
