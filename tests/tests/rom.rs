//! The protected-mode test ROM, here and on the emulators that are installed.

use ringzero_cpu::Model;
use ringzero_tests::rom::machines::{On, run_here};
use ringzero_tests::rom::{self, Report};
use ringzero_tests::shared;

fn run(machine: On) -> Report {
    let (image, cases) = rom::build();
    let output = machine.run(&image).unwrap();
    rom::compare(machine, &cases, &rom::parse(&output))
}

/// Cases that this machine does not do as the manual says yet.
const KNOWN: &[&str] = &[
    // Defects of protected mode.
    "near_jump_beyond_cs",
    "near_call_beyond_cs_pushes_nothing",
    "near_ret_beyond_cs",
    "task_debug_trap",
    "task_gate_exception_to_busy_has_ext",
    "irq_task_is_busy",
    "icebp_at_3_ignores_dpl",
    "fpu_ts_mp_wait",
    "serial_bp_icebp_then_np",
    // EFLAGS.AC and alignment checks, CR0.WP, CR0.NW, CR0.ET, INVLPG, INVD, WBINVD: the 80486.
    "iret_16_keeps_upper_flags",
    "popf_at_0_sets_ac",
    "popf_16_keeps_upper",
    "page_read_only_write_0_wp",
    "page_read_only_table_write_0_wp",
    "page_super_read_only_write_0_wp",
    "page_accessed_bit_of_read_only_ldt_wp",
    "translation_after_invlpg",
    "invlpg_at_3",
    "global_page_after_invlpg",
    "v86_invd",
    "invd_at_3",
    "wbinvd_at_3",
    "cr0_et_is_one",
    "cr0_nw_without_cd",
    "align_dword_at_1",
    "align_dword_at_2",
    "align_word_at_1",
    "align_push",
    // Debug registers.
    "break_instruction_local",
    "break_instruction_global",
    "break_instruction_dr3",
    "break_two_at_one_place",
    "break_at_level_3",
    "break_rf_lasts_one_instruction",
    "rf_in_the_image_of_a_fault",
    "watch_write",
    "watch_access_read",
    "watch_access_write",
    "watch_last_byte",
    "watch_word_ignores_bit_0",
    "watch_dword_ignores_bits_0_and_1",
    "watch_push",
    "watch_rep_stops_in_its_round",
    "watch_and_step_together",
    "watch_port_with_de",
    "gd_guards_reads",
    "gd_guards_writes",
    "dr4_with_de",
    "task_switch_clears_local_breakpoints",
    "dr6_is_kept_until_cleared",
    // x87 errors, MMX.
    "fpu_ts_mmx",
    "fpu_error_at_wait",
    "fpu_error_at_next_esc",
    // CR4 and what it switches on: large pages, PAE, global pages, VME, PVI.
    "large_page_read",
    "large_page_write_is_dirty",
    "large_page_super_3",
    "large_page_read_only_3",
    "large_page_absent_0",
    "large_page_reserved_0",
    "large_page_reserved_from_3",
    "pae_read",
    "pae_write",
    "pae_large_page_dirty",
    "pae_absent_pte",
    "pae_absent_pde",
    "pae_super_pte",
    "pae_read_only_pde",
    "pae_reserved_pte",
    "pae_absent_pointer",
    "pae_pointers_are_loaded_with_cr3",
    "pae_pointers_after_cr3",
    "pae_reserved_pointer_bits",
    "global_page_after_pge_cleared",
    "vme_int_iopl_0_to_program",
    "vme_int_iopl_3_to_program",
    "vme_int_iopl_0_to_monitor",
    "vme_int_iopl_3_to_gate",
    "vme_int3_is_not_redirected",
    "vme_sti_sets_vif",
    "vme_cli_clears_vif",
    "vme_sti_with_vip",
    "vme_cli_at_iopl_3_is_if",
    "vme_pushf_shows_vif",
    "vme_popf_sets_vif",
    "vme_popf_of_tf",
    "vme_popf_of_if_with_vip",
    "vme_popfd_iopl_0",
    "vme_iret_sets_vif",
    "pvi_sti_sets_vif",
    "pvi_cli_clears_vif",
    "pvi_sti_with_vip",
    "pvi_at_level_2_faults",
    "pvi_iopl_3_is_if",
    "pvi_popf_is_as_always",
    "cr4_reads_back",
    // CPUID, MSRs, counters, SYSENTER.
    "rdmsr_at_3",
    "wrmsr_at_3",
    "sysexit_at_3",
    "sysenter",
    "sysenter_without_cs",
    "sysexit",
    "sysexit_without_cs",
    "rdtsc_at_3",
    "rdtsc_at_3_with_tsd",
    "rdtsc_at_0_with_tsd",
    "rdpmc_at_3",
    "rdmsr_unknown",
    "wrmsr_unknown",
    "wrmsr_sysenter_cs_reads_back",
    "cpuid_at_3",
];

#[test]
fn protected_mode_is_as_the_manual_says() {
    let report = run(On::Ringzero);
    let failing: Vec<&str> =
        report.differences.iter().map(|difference| difference.case.name.as_str()).collect();
    let unknown =
        report.differences.iter().filter(|difference| !KNOWN.contains(&difference.case.name.as_str()));
    let unknown: Vec<String> = unknown
        .map(|d| {
            format!(
                "{} {}\n    expected {}\n    printed  {}",
                d.case.name, d.case.cite, d.case.expected, d.printed
            )
        })
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let fixed: Vec<&&str> = KNOWN.iter().filter(|name| !failing.contains(name)).collect();
    assert!(fixed.is_empty(), "known failures that pass now: {fixed:?}");
}

#[test]
fn the_rom_prints_the_same_however_long_blocks_are() {
    let image = rom::image();
    let [long, short] = [None, Some(1)].map(|limit| run_here(&image, Model::MAX, limit).unwrap());
    assert_eq!(long, short);
}

fn peer_agrees(machine: On) {
    if !machine.is_installed() {
        return shared::skip(&format!("no {}", machine.name()));
    }
    let report = run(machine);
    assert!(report.is_good(), "{report}");
}

#[test]
fn qemu_agrees_with_the_manual_but_for_known_deviations() {
    peer_agrees(On::Qemu);
}

#[test]
fn bochs_agrees_with_the_manual_but_for_known_deviations() {
    peer_agrees(On::Bochs);
}
