//! With the feature `rust-bert`, the binary finds libtorch where it was built against it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Some(library) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{}", library.to_string_lossy());
    }
}
