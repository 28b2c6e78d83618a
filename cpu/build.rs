//! Decides how handlers reach their successors: see `exec/dispatch.rs`.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(tail_calls)");
    let var = |name| std::env::var(name).unwrap_or_default();
    let optimised = matches!(var("OPT_LEVEL").as_str(), "1" | "2" | "3" | "s");
    let proven = matches!(var("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64" | "s390x");
    let forced_off = std::env::var_os("CARGO_FEATURE_TRAMPOLINE").is_some();
    // Debug assertions put live values around the calls, which would keep them from being tail calls.
    let bare = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none();
    if optimised && proven && bare && !forced_off {
        println!("cargo::rustc-cfg=tail_calls");
    }
}
