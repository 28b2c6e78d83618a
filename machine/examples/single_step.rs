//! Executes the first instructions of a boot sector one by one and prints each with what it does to AX:
//!
//! ```text
//! cargo run --release -p ringzero-machine --example single_step
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use ringzero_machine::{Config, Disassembler, Machine, Media, OnIdle, Syntax, number, storage::MemoryMedium};
use std::error::Error;

/// MOV AX, 3; again: ADD AX, AX; CMP AX, 100; JB again; CLI; HLT.
const PROGRAM: [u8; 12] = [0xB8, 3, 0, 0x01, 0xC0, 0x3D, 100, 0, 0x72, 0xF9, 0xFA, 0xF4];

fn main() -> Result<(), Box<dyn Error>> {
    let mut sector = vec![0; 512];
    sector[..PROGRAM.len()].copy_from_slice(&PROGRAM);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let mut media = Media::default();
    media.floppies[0] = Some(Box::new(MemoryMedium::new(sector)));
    let mut machine = Machine::new(Config::default(), media)?;

    // The BIOS runs at full speed until it jumps to the boot sector.
    machine.run_to_address(0x7C00, 1_000_000_000);
    let mut disassembler = Disassembler::new(Syntax::Intel, None);
    while !machine.is_halted() {
        let place = machine.place();
        let mut bytes = [0; 15];
        machine.read_linear(place.linear(), &mut bytes);
        let text = disassembler.line(&bytes, u32::from(place.bits), place.ip).text;
        machine.run(machine.count() + 1, OnIdle::Jump);
        let ax = machine.registers().regs.number(number::AX) as u16;
        println!("{:04x}:{:04x}  {text:<16} AX={ax:04x}", place.cs, place.ip);
    }
    Ok(())
}
