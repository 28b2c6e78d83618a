//! The x87 and the pins of the processor.

use crate::bench::Bench;
use ringzero_cpu::{Exit, Model};

#[test]
fn a_control_word_that_unmasks_a_flagged_exception_drives_ferr_on_either_path() {
    // FNINIT; FLD1; FLDZ; FDIVP; then FLDCW [200h], with or without a load from there before it; HLT.
    let divide = [0xDB, 0xE3, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9];
    let (load, control) = ([0xA1, 0x00, 0x02], [0xD9, 0x2E, 0x00, 0x02, 0xF4]);
    for code in [[&divide[..], &control].concat(), [&divide[..], &load, &control].concat()] {
        let mut bench = Bench::new(Model::I80486, &code);
        bench.write(0x9200, &[0x7B, 0x03]);
        assert_eq!(bench.run(20), Exit::Halted);
        assert!(bench.bus.fabric().wires.ferr);
    }
}
