//! What CPUID says of each model [SDM 2A, "CPUID - CPU Identification"].

use crate::features::Features;
use crate::model::Model;
use crate::msr::ApicBase;
use crate::state::CpuState;

/// "GenuineIntel" in EBX, EDX, ECX.
const VENDOR: [u32; 3] = [0x756E_6547, 0x4965_6E69, 0x6C65_746E];
const FIRST_EXTENDED: u32 = 0x8000_0000;
const LAST_EXTENDED: u32 = 0x8000_0008;
/// Leaf 1's EBX: CLFLUSH lines are 8 * 8 bytes.
const CLFLUSH_LINE: u32 = 8 << 8;
/// Leaf 1's EDX: a local APIC that is present and enabled.
const APIC: u32 = 1 << 9;

/// EAX, EBX, ECX and EDX of a leaf. A basic leaf beyond the highest answers as the highest does.
pub(crate) fn leaf(model: &Model, state: &CpuState, number: u32, subleaf: u32) -> [u32; 4] {
    match number {
        FIRST_EXTENDED..=LAST_EXTENDED if !model.brand.is_empty() => extended(model, number),
        _ => basic(model, state, number.min(model.highest_leaf), subleaf),
    }
}

fn basic(model: &Model, state: &CpuState, number: u32, subleaf: u32) -> [u32; 4] {
    match number {
        0 => [model.highest_leaf, VENDOR[0], VENDOR[2], VENDOR[1]],
        1 => [model.reset_dx, leaf_1_ebx(model), leaf_1_ecx(model), leaf_1_edx(model, state)],
        2 => model.cache_descriptors,
        7 if subleaf == 0 => [0, leaf_7_ebx(model), 0, 0],
        _ => [0; 4],
    }
}

fn bits(model: &Model, table: &[(Features, u32)]) -> u32 {
    table.iter().filter(|(feature, _)| model.has(*feature)).map(|(_, bit)| 1 << bit).sum()
}

fn leaf_1_ebx(model: &Model) -> u32 {
    if model.has(Features::CLFSH) { CLFLUSH_LINE } else { 0 }
}

/// SSE3 and SSE4.2 are not announced for the sake of FISTTP and CRC32 alone.
fn leaf_1_ecx(model: &Model) -> u32 {
    bits(model, &[(Features::MOVBE, 22), (Features::POPCNT, 23)])
}

fn leaf_1_edx(model: &Model, state: &CpuState) -> u32 {
    let disabled = state.msrs.apic_base & ApicBase::ENABLED == 0;
    model.features.leaf_1_edx() & if disabled { !APIC } else { u32::MAX }
}

fn leaf_7_ebx(model: &Model) -> u32 {
    bits(model, &[(Features::BMI1, 3), (Features::BMI2, 8), (Features::ADX, 19)])
}

fn extended(model: &Model, number: u32) -> [u32; 4] {
    match number - FIRST_EXTENDED {
        0 => [LAST_EXTENDED, 0, 0, 0],
        1 => [0, 0, bits(model, &[(Features::LZCNT, 5)]), 0],
        part @ 2..=4 => brand(model, (part - 2) as usize),
        8 => [model.address_bits | 32 << 8, 0, 0, 0],
        _ => [0; 4],
    }
}

/// Sixteen bytes of the brand string, which ends in zeros.
fn brand(model: &Model, part: usize) -> [u32; 4] {
    let mut text = [0; 48];
    let len = model.brand.len().min(text.len());
    text[..len].copy_from_slice(&model.brand.as_bytes()[..len]);
    std::array::from_fn(|n| {
        let at = part * 16 + n * 4;
        u32::from_le_bytes([text[at], text[at + 1], text[at + 2], text[at + 3]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_reads_in_register_order() {
        let state = CpuState::reset(&Model::PENTIUM4, 0);
        let [_, b, c, d] = leaf(&Model::PENTIUM4, &state, 0, 0);
        let text: Vec<u8> = [b, d, c].iter().flat_map(|r| r.to_le_bytes()).collect();
        assert_eq!(text, b"GenuineIntel");
    }

    #[test]
    fn a_local_apic_shows_while_it_is_on() {
        let model = Model::PENTIUM3.with(Features::APIC);
        let mut state = CpuState::reset(&model, 0);
        let shown = |state: &CpuState, model: &Model| leaf(model, state, 1, 0)[3] & APIC != 0;
        assert!(shown(&state, &model));
        assert!(!shown(&state, &Model::PENTIUM3));
        state.msrs.apic_base &= !ApicBase::ENABLED;
        assert!(!shown(&state, &model));
    }

    #[test]
    fn a_leaf_beyond_the_last_answers_as_the_last() {
        let state = CpuState::reset(&Model::PENTIUM3, 0);
        assert_eq!(leaf(&Model::PENTIUM3, &state, 99, 0), leaf(&Model::PENTIUM3, &state, 2, 0));
        assert_eq!(leaf(&Model::PENTIUM3, &state, FIRST_EXTENDED, 0), leaf(&Model::PENTIUM3, &state, 2, 0));
    }

    #[test]
    fn the_brand_is_spread_over_three_leaves() {
        let state = CpuState::reset(&Model::PENTIUM4, 0);
        let text: Vec<u8> = (2..5)
            .flat_map(|n| leaf(&Model::PENTIUM4, &state, FIRST_EXTENDED + n, 0))
            .flat_map(u32::to_le_bytes)
            .collect();
        assert!(text.starts_with(Model::PENTIUM4.brand.as_bytes()));
        assert_eq!(text.last(), Some(&0));
    }
}
