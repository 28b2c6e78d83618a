//! Where QEMU 7.2 and Bochs 2.7 do not do what the manual says, and why.
//!
//! QEMU is run with `-cpu pentium3`, Bochs as `p3_katmai`. What they print here was compared with the manual's text case by
//! case; a peer that begins to agree is reported too.

/// One reason, and the cases that it explains.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// `"qemu"` or `"bochs"`.
    pub peer: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Cases, and what they print there; `*` is anything but what the manual says.
    pub cases: &'static [(&'static str, &'static str)],
}

/// Why `peer` deviates in `case`, and what it prints.
pub fn of(peer: &str, case: &str) -> Option<(&'static str, &'static str)> {
    let of_peer = DEVIATIONS.iter().filter(|deviation| deviation.peer == peer);
    of_peer
        .flat_map(|deviation| {
            deviation.cases.iter().map(move |(name, prints)| (*name, *prints, deviation.reason))
        })
        .find_map(|(name, prints, reason)| (name == case).then_some((prints, reason)))
}

/// All that is known.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        peer: "qemu",
        reason: "it checks limits, types and null selectors of no memory access",
        cases: &[
            ("use_null_ds_read", "ok"),
            ("use_null_es_write", "ok"),
            ("limit_bytes_behind", "ok"),
            ("limit_word_across", "ok"),
            ("limit_dword_across_by_1", "ok"),
            ("limit_dword_across_by_3", "ok"),
            ("limit_limit_0_word", "ok"),
            ("limit_pages_0_behind", "ok"),
            ("limit_pages_0_across", "ok"),
            ("limit_top_of_offsets", "ok"),
            ("limit_wraps_at_4g", "ok"),
            ("limit_down_at_limit", "ok"),
            ("limit_down_across_limit", "ok"),
            ("limit_down16_across_top", "ok"),
            ("limit_down16_above_64k", "ok"),
            ("limit_down_pages_at_limit", "ok"),
            ("limit_down_ro_at_limit", "ok"),
            ("limit_down_full_is_empty", "ok"),
            ("limit_write_across", "ok at=ffffffff"),
            ("limit_rep_stops_in_the_middle", "ok ecx=00000000 edi=00000013"),
            ("limit_movs_faults_before_writing", "ok esi=00050004 edi=00000104"),
            ("limit_ebp_is_ss", "ok"),
            ("limit_ss_override", "ok"),
            ("write_to_read_only", "ok"),
            ("write_to_readable_code", "ok"),
            ("write_to_cs", "ok"),
            ("read_execute_only_cs", "ok cs=0100"),
            ("read_modify_write_of_read_only", "ok"),
            ("push_beyond_limit", "ok cs=001b esp=0000d00c"),
            ("pop_beyond_limit", "ok cs=001b"),
            ("push_wraps_32_bit_at_0", "ok cs=001b"),
            ("push_16_bit_stack_across_0", "ok cs=001b"),
            ("pusha_across_limit_changes_nothing", "ok cs=001b esp=fffffff4"),
            ("enter_checks_the_frame", "ok cs=001b"),
            ("call_near_without_room", "ok cs=001b esp=fffffffe"),
            ("run_off_the_end_of_cs", "ok cs=0100"),
            ("instruction_across_the_end_of_cs", "ok cs=0100"),
            ("near_jump_beyond_cs", "ok cs=0100"),
            ("near_call_beyond_cs_pushes_nothing", "ok cs=0100 esp=00008ffc"),
            ("near_ret_beyond_cs", "ok cs=0100 esp=00009000"),
            ("call_far_without_room", "ok cs=001b esp=fffffffc"),
            ("retf_beyond_limit", "ok cs=0100"),
            ("retf_beyond_stack", "#GP(0000) ip+00 cs=001b"),
            ("retf_outer_dropped_segment_faults", "ok cs=001b"),
            ("retf_outer_beyond_limit", "ok cs=0103"),
            ("call_gate_beyond_limit", "ok cs=0108"),
            ("call_gate_no_room_on_new_stack", "ok cs=0049"),
            ("call_gate_no_room_for_old_stack_reads", "ok cs=0049"),
            ("int_handler_beyond_limit", "ok cs=0108"),
            ("int_no_room_on_new_stack", "ok cs=0049"),
            ("iret_beyond_limit", "ok cs=0100 esp=00009000"),
            ("iret_beyond_stack", "#GP(0000) ip=elsewhere cs=001b"),
            ("v86_limit_is_64k", "ok cs=2000 v86"),
            ("v86_32_bit_address_beyond_64k", "ok cs=2000 v86"),
            ("v86_stack_across_64k", "ok cs=2000 v86"),
            ("arpl_of_read_only_memory", "ok"),
            ("real_mode_limit_is_64k", "ok note=00000000"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it does not set the accessed bit here",
        cases: &[
            ("jmp_far_same", "ok cs=0100 a=9a"),
            ("jmp_far_execute_only", "ok cs=0100 a=98"),
            ("jmp_far_rpl_less", "ok cs=0103 a=fa"),
            ("jmp_far_conforming_inner", "ok cs=0103 a=9e"),
            ("jmp_far_conforming_rpl_ignored", "ok cs=0100 a=9e"),
            ("jmp_far_cpl1", "ok cs=0101 a=ba"),
            ("task_sets_accessed", "ok a=92"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "its #GP for an offset beyond the limit has the selector",
        cases: &[("call_far_beyond_limit_pushes_nothing", "#GP(0100) ip+00 esp=00009000")],
    },
    Deviation {
        peer: "qemu",
        reason: "it reports an absent stack segment as #TS or #NP",
        cases: &[
            ("retf_outer_ss_not_present", "#NP(0100) ip+00"),
            ("call_gate_ss_not_present", "#TS(0108) ip+00 cs=001b"),
            ("int_ss_not_present", "#TS(0108) ip+00 cs=001b"),
            ("exception_ss_not_present", "#TS(0108) ip+00 cs=001b"),
            ("iret_outer_ss_not_present", "#NP(0100) ip+00"),
            ("task_new_ss_not_present", "#NP(0108) ip=elsewhere from=0000 old=89 new=8b"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it makes CPL 0 of a conforming target",
        cases: &[("call_gate_target_conforming_from_3", "ok cs=0108")],
    },
    Deviation { peer: "qemu", reason: "it takes this LOCK", cases: &[("lock_of_mov_is_invalid", "ok")] },
    Deviation {
        peer: "qemu",
        reason: "it never sets EXT in an error code",
        cases: &[
            ("exception_gate_not_present_has_ext", "#NP(0032) ip+00"),
            ("exception_gate_of_wrong_type_has_ext", "#GP(0032) ip+00"),
            ("exception_handler_null", "#GP(0000) ip+00"),
            ("exception_handler_beyond", "#GP(0200) ip+00"),
            ("exception_handler_data", "#GP(0108) ip+00"),
            ("exception_handler_system", "#GP(0108) ip+00"),
            ("exception_handler_outer", "#GP(0108) ip+00"),
            ("exception_handler_not_present", "#NP(0108) ip+00"),
            ("exception_handler_beyond_limit", "ok cs=0108"),
            ("exception_ss_null", "#TS(0000) ip+00 cs=001b"),
            ("exception_ss_beyond", "#TS(0200) ip+00 cs=001b"),
            ("exception_ss_rpl", "#TS(0108) ip+00 cs=001b"),
            ("exception_ss_dpl", "#TS(0108) ip+00 cs=001b"),
            ("exception_ss_read_only", "#TS(0108) ip+00 cs=001b"),
            ("exception_ss_code", "#TS(0108) ip+00 cs=001b"),
            ("exception_ss_system", "#TS(0108) ip+00 cs=001b"),
            ("exception_no_room_on_new_stack", "ok cs=0049"),
            ("task_gate_exception_to_busy_has_ext", "#GP(0100) ip+00"),
            ("serial_ud_then_np", "#NP(0032) ip+00"),
            ("serial_nm_then_np", "#NP(003a) ip+00"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "its IRET enters V86 mode from any level",
        cases: &[("iret_from_3_cannot_enter_v86", "*")],
    },
    Deviation {
        peer: "qemu",
        reason: "no limit is checked, so that the page comes first",
        cases: &[("page_segment_limit_before_page", "#PF(0000) ip+00 cr2=00400100")],
    },
    Deviation {
        peer: "qemu",
        reason: "it pushes EDI first",
        cases: &[("page_pusha_across_pages", "#PF(0006) ip+00 cs=001b cr2=00400ff0 esp=00401010")],
    },
    Deviation {
        peer: "qemu",
        reason: "it sets the accessed bit by a store of four bytes",
        cases: &[("page_accessed_bit_of_read_only_ldt_wp", "#PF(0003) ip+00 cr2=00400004")],
    },
    Deviation {
        peer: "qemu",
        reason: "it reads before it asks for write permission",
        cases: &[("restart_add_to_memory_once", "#PF(0000) ip+00 cr2=00400000 ok at=00000002")],
    },
    Deviation {
        peer: "qemu",
        reason: "it sets PG without PE, and fails behind it",
        cases: &[("pg_without_pe", "reset")],
    },
    Deviation {
        peer: "qemu",
        reason: "it leaves P clear in the error code of a reserved bit",
        cases: &[
            ("large_page_reserved_0", "#PF(000a) ip+00 cr2=00450000"),
            ("large_page_reserved_from_3", "#PF(000c) ip+00 cs=001b cr2=00450000"),
            ("pae_reserved_pte", "#PF(000e) ip+00 cs=001b cr2=00400000"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it reads the four pointers at each translation, and does not check them",
        cases: &[("pae_pointers_are_loaded_with_cr3", "ok"), ("pae_reserved_pointer_bits", "ok")],
    },
    Deviation { peer: "qemu", reason: "it ignores T in a TSS", cases: &[("task_debug_trap", "ok tr=0100")] },
    Deviation {
        peer: "qemu",
        reason: "it reports a TSS in the LDT as #TS",
        cases: &[("task_in_ldt", "#TS(0004) ip+00"), ("task_gate_to_ldt", "#TS(0004) ip+00")],
    },
    Deviation {
        peer: "qemu",
        reason: "the instruction pointer it saves is that of the old task",
        cases: &[
            ("task_new_cs_null", "#TS(0000) ip=elsewhere cs=0000 from=0100 old=89 new=8b"),
            ("task_new_cs_beyond", "#TS(0200) ip=elsewhere cs=0200 from=0100 old=89 new=8b"),
            ("task_new_cs_data", "#TS(0108) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_cs_system", "#TS(0108) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_cs_dpl_not_rpl", "#TS(0108) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_cs_rpl_not_dpl", "#TS(0108) ip=elsewhere cs=010b from=0100 old=89 new=8b"),
            ("task_new_cs_conforming_dpl_greater", "#TS(0108) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_cs_not_present", "#NP(0108) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_ss_null", "#TS(0000) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ss_beyond", "#TS(0200) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ss_read_only", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ss_code", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ss_rpl", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ss_dpl", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_beyond", "#TS(0200) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_execute_only", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_system", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_rpl_greater", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_not_present", "#NP(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_es_beyond", "#TS(0200) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_fs_not_present", "#NP(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_gs_execute_only", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ldt_beyond", "#TS(0200) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ldt_in_ldt", "#TS(0004) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ldt_data", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ldt_not_present", "#TS(0108) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_ds_in_absent_ldt", "#TS(0004) ip=elsewhere from=0100 old=89 new=8b"),
            ("task_new_eip_beyond_limit", "#GP(0000) ip=elsewhere cs=0108 from=0100 old=89 new=8b"),
            ("task_new_called_cs_bad", "#TS(0200) ip=elsewhere cs=0200 from=0100 old=8b new=8b link=0068"),
            ("task_new_ds_bad_with_gate", "#TS(0200) ip=elsewhere tr=0100"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it enters a handler at level 1 from V86 mode",
        cases: &[("v86_handler_at_level_1", "#GP(0010) ip=elsewhere cs=0049")],
    },
    Deviation {
        peer: "qemu",
        reason: "it cuts EIP to 16 bits instead",
        cases: &[("v86_iret_beyond_64k", "ok cs=2000 v86")],
    },
    Deviation {
        peer: "qemu",
        reason: "it has CR4.VME and CR4.PVI but none of their effects",
        cases: &[
            (
                "vme_int_iopl_0_to_program",
                "#GP(0000) ip+04 cs=2000 v86 flags=00080200 ip_cs=0000 pushed=0000",
            ),
            ("vme_int_iopl_3_to_program", "int40 ip+06 cs=2000 v86 flags=00003200 ip_cs=0000 pushed=0000"),
            ("vme_sti_sets_vif", "#GP(0000) ip+00 cs=2000 v86 flags=00000000"),
            ("vme_cli_clears_vif", "#GP(0000) ip+00 cs=2000 v86 flags=00080200"),
            ("vme_pushf_shows_vif", "#GP(0000) ip+00 cs=2000 v86 pushed=0000"),
            ("vme_popf_sets_vif", "#GP(0000) ip+00 cs=2000 v86 flags=00000000"),
            ("vme_iret_sets_vif", "#GP(0000) ip=elsewhere cs=2000 v86 flags=00000000"),
            ("pvi_sti_sets_vif", "#GP(0000) ip=elsewhere cs=001b flags=00000000"),
            ("pvi_cli_clears_vif", "#GP(0000) ip=elsewhere cs=001b flags=00000200"),
            ("pvi_sti_with_vip", "#GP(0000) ip+00 cs=001b flags=00000000"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it takes INT1 (F1h) for invalid",
        cases: &[
            ("icebp_is_a_trap", "#UD ip+00"),
            ("icebp_at_3_ignores_dpl", "#UD ip+00 cs=001b"),
            ("serial_bp_icebp_then_np", "#UD ip+00"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "its breakpoints on instructions know no interrupt shadow",
        cases: &[("break_behind_mov_ss_is_lost", "#DB ip+00 dr6=0001 ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "it does not set RF in the image of a fault",
        cases: &[("rf_in_the_image_of_a_fault", "#UD ip+00 rf=00000000")],
    },
    Deviation {
        peer: "qemu",
        reason: "it does not round the address of a data breakpoint down to its length",
        cases: &[("watch_word_ignores_bit_0", "ok"), ("watch_dword_ignores_bits_0_and_1", "ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "it delivers the data breakpoint and the single step one after the other",
        cases: &[("watch_and_step_together", "#DB ip=elsewhere dr6=4001 #DB ip+05 dr6=0000 ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "no limit or type is checked, so that the write happens",
        cases: &[("watch_faulting_write_does_not_hit", "#DB ip+07 dr6=0001")],
    },
    Deviation {
        peer: "qemu",
        reason: "it ignores DR7.GD",
        cases: &[("gd_guards_reads", "ok gd=00002000"), ("gd_guards_writes", "ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "its LTR takes a null selector",
        cases: &[("ltr_null", "ok tr=0000 a=89")],
    },
    Deviation { peer: "qemu", reason: "it lets NW be set without CD", cases: &[("cr0_nw_without_cd", "ok")] },
    Deviation {
        peer: "qemu",
        reason: "its EMMS looks at neither TS nor EM",
        cases: &[("fpu_ts_mmx", "ok"), ("fpu_em_mmx", "ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "its x87 instructions look for no pending error, only WAIT does",
        cases: &[("fpu_error_at_next_esc", "ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "it checks no alignment",
        cases: &[
            ("align_dword_at_1", "ok cs=001b"),
            ("align_dword_at_2", "ok cs=001b"),
            ("align_word_at_1", "ok cs=001b"),
            ("align_push", "ok cs=001b"),
        ],
    },
    Deviation {
        peer: "qemu",
        reason: "it takes every MSR number",
        cases: &[("rdmsr_unknown", "ok"), ("wrmsr_unknown", "ok")],
    },
    Deviation {
        peer: "qemu",
        reason: "its clock chip clears the shutdown code at every reset, unless it is FEh",
        cases: &[
            ("shutdown_code_05_by_triple_fault", "reset note=00000000"),
            ("shutdown_code_0a_by_triple_fault", "reset note=00000000"),
            ("shutdown_code_0a_by_8042", "reset note=00000000"),
            ("shutdown_code_0a_by_port_92", "reset note=00000000"),
        ],
    },
    Deviation {
        peer: "bochs",
        reason: "it raises #NP, as the 80386 manual says of IRET; the SDM and RET say #SS",
        cases: &[("iret_outer_ss_not_present", "#NP(0100) ip+00")],
    },
    Deviation {
        peer: "bochs",
        reason: "it cuts EIP to 16 bits instead",
        cases: &[("v86_iret_beyond_64k", "ok cs=2000 v86")],
    },
];
