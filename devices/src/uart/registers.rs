//! The registers of a [`Uart`]: what a read gives and a write does [16550, "Registers"].

use super::{Interrupt, Received, Uart, ier, lsr};
use ringzero_bus::Fabric;

impl Uart {
    pub(super) fn dlab(&self) -> bool {
        self.state.lcr & 0x80 != 0
    }

    /// MSR bits 7-4; in loopback the modem outputs are its inputs.
    pub(super) fn modem_lines(&self) -> u8 {
        if !self.loopback() {
            return self.state.modem_in;
        }
        let mcr = self.state.mcr;
        (mcr & 0x02) << 3 | (mcr & 0x01) << 5 | (mcr & 0x0C) << 4
    }

    pub(super) fn note_modem_change(&mut self, before: u8) {
        let after = self.modem_lines();
        let changed = (before ^ after) >> 4;
        // RI shows its trailing edge only.
        let ring_ended = before & 0x40 != 0 && after & 0x40 == 0;
        self.state.deltas |= (changed & 0x0B) | if ring_ended { 0x04 } else { 0 };
    }

    pub(super) fn read_receiver(&mut self, fabric: &mut Fabric) -> u8 {
        let byte = self.state.receive.pop_front().map_or(0, |received| received.byte);
        self.show_errors();
        self.restart_timeout(fabric);
        self.schedule_arrival(fabric);
        byte
    }

    pub(super) fn read_iir(&mut self) -> u8 {
        let pending = self.pending();
        if pending == Some(Interrupt::ThrEmpty) {
            self.state.thr_interrupt = false;
        }
        pending.map_or(1, Interrupt::id) | if self.state.fifos { 0xC0 } else { 0 }
    }

    pub(super) fn read_lsr(&mut self) -> u8 {
        let s = &mut self.state;
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        let waiting_errors = s.fifos && s.receive.iter().any(|received| received.errors != 0);
        std::mem::take(&mut s.errors)
            | flag(!s.receive.is_empty(), lsr::DATA_READY)
            | flag(s.transmit.is_empty(), lsr::THRE)
            | flag(s.transmit.is_empty() && s.shifting.is_none(), lsr::TEMT)
            | flag(waiting_errors, lsr::FIFO_ERROR)
    }

    pub(super) fn write_thr(&mut self, fabric: &mut Fabric, value: u8) {
        self.state.thr_interrupt = false;
        if self.state.transmit.len() >= self.capacity() {
            // A full transmitter loses the newest character; without FIFO the holding register is overwritten.
            self.state.transmit.pop_back();
        }
        self.state.transmit.push_back(value & (0xFF >> (3 - (self.state.lcr & 3))));
        self.start_sending(fabric);
    }

    pub(super) fn write_fcr(&mut self, fabric: &mut Fabric, value: u8) {
        let fifos = value & 0x01 != 0;
        let toggled = fifos != self.state.fifos;
        self.state.fifos = fifos;
        if toggled || (fifos && value & 0x02 != 0) {
            self.state.receive.clear();
        }
        if toggled || (fifos && value & 0x04 != 0) {
            self.state.transmit.clear();
            self.state.thr_interrupt = true;
        }
        if fifos {
            self.state.trigger = value >> 6;
        }
        self.restart_timeout(fabric);
        self.schedule_arrival(fabric);
    }

    pub(super) fn write_ier(&mut self, value: u8) {
        let enables_thr = value & !self.state.ier & ier::THR_EMPTY != 0;
        self.state.ier = value & 0x0F;
        if enables_thr && self.state.transmit.is_empty() {
            self.state.thr_interrupt = true;
        }
    }

    pub(super) fn write_mcr(&mut self, fabric: &mut Fabric, value: u8) {
        let before = self.modem_lines();
        self.state.mcr = value & 0x1F;
        self.note_modem_change(before);
        self.feed_mouse(fabric);
    }

    pub(super) fn write_lcr(&mut self, fabric: &mut Fabric, value: u8) {
        let break_begins = value & !self.state.lcr & 0x40 != 0;
        self.state.lcr = value;
        if break_begins && self.loopback() {
            self.take_in(fabric, Received { byte: 0, errors: lsr::BREAK });
        }
    }
}
