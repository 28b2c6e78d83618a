//! From bytes to blocks: fetching, decoding, lowering.

mod arena;
pub(crate) mod block;
pub(crate) mod cache;
mod form;
pub(crate) mod jumps;
mod ledger;
mod lower;
mod opcode_map;
mod predecode;
mod regrets;
mod tune;

use crate::cpu::Cpu;
use crate::exec::op::Head;
use crate::exec::op::Prefix;
use crate::fault::Fault;
use crate::mmu::Intent;
use crate::segment::SegReg;
use block::{Layout, Lowered};
use cache::{BlockKey, lines_of};
use iced_x86::Instruction;
use predecode::{Decoded, Decoder, WINDOW};
use ringzero_bus::ram::PAGE_SIZE;
use ringzero_bus::{RamOffset, SystemBus};
use tune::tune;

impl Cpu {
    /// Where the page of linear address `lin` lies in guest memory, if it is RAM or ROM.
    pub(crate) fn fetch_page(&mut self, bus: &mut SystemBus, lin: u64) -> Option<RamOffset> {
        let page = self.spot_code(bus, lin)?;
        Some(RamOffset(page.0 + (lin & (PAGE_SIZE as u64 - 1))))
    }

    /// The identity of a block at `state.ip`, whose first byte is at `offset`.
    pub(crate) fn block_key(&self, offset: RamOffset) -> BlockKey {
        let cs = self.state.seg(SegReg::Cs);
        let ip = if self.mode.is_flat(SegReg::Cs) { 0 } else { self.state.ip };
        BlockKey { offset, ip, limit: cs.limit, mode: self.mode }
    }

    fn code_linear(&self, ip: u64) -> u64 {
        self.wrap_linear(self.state.seg(SegReg::Cs).base.wrapping_add(ip))
    }

    /// Decodes a block at `state.ip` of at most `most` instructions. It is kept when `keep` says so and nothing
    /// but its own end ended it.
    pub(crate) fn decode_block(
        &mut self,
        bus: &mut SystemBus,
        most: i64,
        keep: bool,
    ) -> Result<*const Head, Fault> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let limit = most.min(self.block_limit);
        let lin = self.code_linear(self.state.ip);
        let start = self.fetch_page(bus, lin);
        let mut run = std::mem::take(&mut self.decoded);
        run.clear();
        if let Some(start) = start {
            self.decode_run(bus, start, limit, &mut run);
        }
        if self.tuned {
            tune(&mut run);
        }
        let head = self.take_in(bus, &run, start, keep && (limit == self.block_limit || run.len() < limit));
        self.decoded = run;
        head
    }

    /// Lays out what was decoded from `start` on, or an instruction that is not all there; in the cache when it is to be kept.
    fn take_in(
        &mut self,
        bus: &mut SystemBus,
        run: &[Lowered],
        start: Option<RamOffset>,
        keep: bool,
    ) -> Result<*const Head, Fault> {
        if run.is_empty() {
            let single = self.decode_single(bus)?;
            return Ok(self.lay_out_for_one_use(&[single]));
        }
        let start = start.expect("a run has a place in memory");
        let len = run.iter().map(|i| usize::from(i.len)).sum();
        self.watch_code(bus, start, len);
        if keep {
            let layout = Layout { instructions: run, offset: start };
            let count = self.limit_count.wrapping_sub(self.left as u64);
            let head = self.cache.insert(self.block_key(start), len, &layout, count);
            let context = self.code_context();
            self.met(context, head);
            return Ok(head);
        }
        Ok(self.lay_out_for_one_use(run))
    }

    fn lay_out_for_one_use(&mut self, run: &[Lowered]) -> *const Head {
        let offset = RamOffset(Prefix::NOWHERE);
        let layout = Layout { instructions: run, offset };
        self.scratch.lay_out(&layout)
    }

    /// Makes writes to these bytes show up as code hits.
    fn watch_code(&mut self, bus: &mut SystemBus, start: RamOffset, len: usize) {
        let ram = &mut bus.fabric_mut().ram;
        if start.0 < ram.ram_size() as u64 {
            let lines = lines_of(start, len);
            let marked = ram.code_lines(start.page());
            ram.mark_code(start.page(), lines);
            if lines & !marked != 0 {
                self.protect_lines(start.page(), lines);
            }
        }
    }

    /// Decodes instructions that lie in one page, one after another.
    fn decode_run(&self, bus: &SystemBus, start: RamOffset, limit: usize, run: &mut Vec<Lowered>) {
        let decoder = Decoder::new(self.model, self.mode);
        let code = bus.fabric().ram.rest_of_page(start);
        let mut stream = decoder.stream(&code[..code.len().min(self.room(start))]);
        let (mut at, mut instruction) = (0u32, Instruction::default());
        while run.len() < limit {
            let decoded = stream.next(&mut instruction);
            if decoded == Decoded::NeedsMore {
                break;
            }
            run.push(Lowered::NONE);
            let Some(last) = run.last_mut() else { break };
            self.lower(decoded, &instruction, at, last);
            at += u32::from(last.len);
            if last.ends_block {
                break;
            }
        }
    }

    /// How many bytes from `start` on lie in its page and in the code segment.
    fn room(&self, start: RamOffset) -> usize {
        let in_page = PAGE_SIZE as u64 - (start.0 & (PAGE_SIZE as u64 - 1));
        let last = u64::from(self.state.seg(SegReg::Cs).limit);
        let in_segment = (last + 1).saturating_sub(self.state.ip);
        in_page.min(in_segment) as usize
    }

    /// Decodes one instruction that crosses a page, wraps in its segment, or lies in no memory.
    fn decode_single(&mut self, bus: &mut SystemBus) -> Result<Lowered, Fault> {
        let decoder = Decoder::new(self.model, self.mode);
        let (mut bytes, mut instruction) = (Vec::with_capacity(WINDOW), Instruction::default());
        loop {
            bytes.push(self.fetch_byte(bus, self.state.ip + bytes.len() as u64)?);
            let decoded = decoder.decode(&bytes, &mut instruction);
            if decoded != Decoded::NeedsMore {
                let mut single = Lowered::NONE;
                self.lower(decoded, &instruction, 0, &mut single);
                return Ok(single);
            }
        }
    }

    fn fetch_byte(&mut self, bus: &mut SystemBus, ip: u64) -> Result<u8, Fault> {
        let ip = if self.wraps_in_segment { ip & 0xFFFF } else { ip };
        let cs = self.state.seg(SegReg::Cs);
        if !cs.holds(ip, 1) {
            return Err(Fault::GeneralProtection(0));
        }
        let phys = self.translate(bus, self.code_linear(ip), Intent::Fetch, self.user)?;
        Ok(bus.fetch(phys))
    }
}
