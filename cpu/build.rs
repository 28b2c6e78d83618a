//! Decides how handlers reach their successors: see `exec/dispatch.rs`.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(tail_calls)");
    let var = |name| std::env::var(name).unwrap_or_default();
    let optimised = matches!(var("OPT_LEVEL").as_str(), "1" | "2" | "3" | "s");
    let proven = matches!(var("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64" | "s390x");
    let forced_off = std::env::var_os("CARGO_FEATURE_TRAMPOLINE").is_some();
    // Assertions put live values around the calls, which would keep them from being tail calls.
    let set = |name| std::env::var_os(name).is_some();
    let bare = !set("CARGO_CFG_DEBUG_ASSERTIONS") && !set("CARGO_FEATURE_CHECKED");
    if optimised && proven && bare && !forced_off {
        println!("cargo::rustc-cfg=tail_calls");
    }
}
