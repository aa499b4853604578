//! The tests of the feature `rust-bert`: fetches libtorch where there is none, builds, runs them.
//!
//! libtorch 2.4.0 for the processor comes out of the PyPI wheel of torch, without its CUDA part:
//! `libtorch.so` becomes a linker script that names `libtorch_cpu.so` alone, and the two small CUDA
//! libraries that this one was linked with are taken from their own wheels. About 810 MB are
//! downloaded and 530 MB kept in `.libtorch/`. `LIBTORCH`, where set, is used as it is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

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

/// Builds with the feature and holds the models to the reference implementation.
pub(crate) fn test() -> anyhow::Result<()> {
    let torch = libtorch()?;
    let library = torch.join("lib");
    let mut test = command(
        "cargo",
        ["test", "--quiet", "--package", "newsmill-summarizer", "--features", "rust-bert"],
    );
    test.args(["--test", "rust_bert"]).env("LIBTORCH", &torch).env("LD_LIBRARY_PATH", &library);
    if env::var_os("LIBTORCH").is_none() {
        // The wheels of 2.4 keep the old C++ ABI.
        test.env("LIBTORCH_CXX11_ABI", "0");
    }
    step("tests of rust-bert", test)
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
