//! Calls the BIOS of a machine as a program does, one call at a time.

use ringzero_machine::{Config, CpuState, Machine, Media, OnIdle, Stop};

/// Where the calling program lies, and the buffer it may name by segment [`BUFFER_SEGMENT`] and offset 0.
const PROGRAM: u16 = 0x0600;
/// The segment of the buffer.
pub const BUFFER_SEGMENT: u16 = 0x2000;
/// Instructions a call may take.
const LIMIT: u64 = 200_000_000;
/// Numbers of the general registers.
const ORDER: [u8; 7] = [0, 3, 1, 2, 6, 7, 5];

/// The registers of a call, before or after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the registers'")]
pub struct Registers {
    pub ax: u16,
    pub bx: u16,
    pub cx: u16,
    pub dx: u16,
    pub si: u16,
    pub di: u16,
    pub bp: u16,
    pub es: u16,
}

/// A machine that does nothing but call.
pub struct Caller {
    /// The machine.
    pub machine: Machine,
}

impl Caller {
    /// A machine after POST: it has booted a sector that waits.
    pub fn new(config: Config) -> Self {
        let mut sector = vec![0; 512];
        // STI, HLT, back.
        sector[..4].copy_from_slice(&[0xFB, 0xF4, 0xEB, 0xFC]);
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        sector.resize(1440 << 10, 0);
        let mut media = Media::default();
        media.floppies[0] = Some(Box::new(crate::session::SharedDisk::new(sector)));
        let mut machine = Machine::new(config, media).expect("the configuration is sound");
        assert!(machine.run_to_address(0x7C00, LIMIT), "the sector was not booted");
        Self { machine }
    }

    /// INT `vector`.
    pub fn interrupt(&mut self, vector: u8, before: Registers) -> Registers {
        self.run(&[0xCD, vector], before)
    }

    /// Runs `code` in real mode, with [`BUFFER_SEGMENT`] in ES unless the registers name another.
    pub fn run(&mut self, code: &[u8], before: Registers) -> Registers {
        // HLT with interrupts on, behind the code: the end.
        let program = [code, &[0x90]].concat();
        self.machine.write_physical(PROGRAM.into(), &program);
        self.machine.change_registers(|state| set(state, before));
        let end = u64::from(PROGRAM) + code.len() as u64;
        let until = self.machine.count() + LIMIT;
        while self.machine.place().linear() != end {
            let stop = self.machine.run(self.machine.count() + 1, OnIdle::Jump);
            assert!(
                stop == Stop::Limit && self.machine.count() < until,
                "the call does not return: {stop:?}"
            );
        }
        get(self.machine.registers())
    }

    /// Bytes of the buffer.
    pub fn buffer(&self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.machine.read_physical(u64::from(BUFFER_SEGMENT) << 4, &mut bytes);
        bytes
    }

    /// Fills the buffer.
    pub fn set_buffer(&mut self, bytes: &[u8]) {
        self.machine.write_physical(u64::from(BUFFER_SEGMENT) << 4, bytes);
    }
}

fn set(state: &mut CpuState, wanted: Registers) {
    let Registers { ax, bx, cx, dx, si, di, bp, es } = wanted;
    for (number, value) in ORDER.into_iter().zip([ax, bx, cx, dx, si, di, bp]) {
        state.regs.write(number, value);
    }
    let segment = ringzero_cpu::Segment::real;
    state.segments[ringzero_machine::SegReg::Es as usize] =
        segment(if es == 0 { BUFFER_SEGMENT } else { es });
    for register in [ringzero_machine::SegReg::Cs, ringzero_machine::SegReg::Ds] {
        state.segments[register as usize] = segment(0);
    }
    state.ip = PROGRAM.into();
}

fn get(state: &CpuState) -> Registers {
    let [ax, bx, cx, dx, si, di, bp] = ORDER.map(|number| state.regs.read(number));
    Registers { ax, bx, cx, dx, si, di, bp, es: state.seg(ringzero_machine::SegReg::Es).selector }
}
