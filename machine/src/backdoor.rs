//! VMware's backdoor: a request by registers.

use crate::machine::Machine;
use ringzero_cpu::number::{AX, BX, CX, DI, DX, SI};

/// The registers of a request in the order of [`ringzero_devices::vmmouse::Registers`].
const REGISTERS: [u8; 6] = [AX, BX, CX, DX, SI, DI];

impl Machine {
    /// Answers the IN that the processor has just done.
    pub(crate) fn serve_backdoor(&mut self) {
        let before = REGISTERS.map(|number| self.cpu.state().regs.read::<u32>(number));
        let mut after = before;
        match self.parts.vmmouse {
            Some(vmmouse) => self.bus.call(vmmouse, |vmmouse, _| vmmouse.serve(&mut after)),
            None => after[0] = u32::MAX,
        }
        self.cpu.set_program_registers(|state| {
            for (number, value) in REGISTERS.into_iter().zip(after) {
                state.regs.write::<u32>(number, value);
            }
        });
    }
}
