//! What commands do: the control commands at once, the data commands by starting a transfer [82077AA, "Control
//! Commands"].

use super::command::Command;
use super::drive::{DriveState, SeekEnd};
use super::status::ST0;
use super::transfer::Transfer;
use super::{Fdc, GAP_NS, Phase};
use ringzero_bus::Fabric;

impl Fdc {
    pub(super) fn execute(&mut self, fabric: &mut Fabric, command: Command, bytes: &[u8]) {
        self.commands += 1;
        match command {
            Command::Read { .. }
            | Command::ReadTrack
            | Command::Write { .. }
            | Command::Scan(_)
            | Command::Verify
            | Command::Format
            | Command::ReadId => self.start_transfer(fabric, command, bytes),
            Command::Specify => {
                self.state.specify = [bytes[1], bytes[2]];
                self.state.non_dma = bytes[2] & 1 != 0;
            }
            Command::SenseDrive => self.sense_drive(bytes[1]),
            Command::SenseInterrupt => self.sense_interrupt(),
            Command::Recalibrate => self.recalibrate(fabric, bytes[1]),
            Command::Seek => {
                let pcn = self.state.drives[usize::from(bytes[1] & 3)].pcn;
                self.seek(fabric, bytes[1], i32::from(bytes[2]) - i32::from(pcn), bytes[2]);
            }
            Command::RelativeSeek { inward } => {
                let pcn = self.state.drives[usize::from(bytes[1] & 3)].pcn;
                let steps = if inward { i32::from(bytes[2]) } else { -i32::from(bytes[2]) };
                self.seek(fabric, bytes[1], steps, (i32::from(pcn) + steps) as u8);
            }
            Command::Configure => {
                self.state.config = bytes[2] & 0x7F;
                self.state.precompensation = bytes[3];
            }
            Command::Perpendicular => self.perpendicular(bytes[1]),
            Command::Lock(on) => {
                self.state.locked = on;
                self.respond(&[u8::from(on) << 4]);
            }
            Command::DumpReg => self.dump_registers(),
            Command::Version => self.respond(&[0x90]),
            Command::Invalid => self.respond(&[ST0::INVALID]),
        }
    }

    fn respond(&mut self, bytes: &[u8]) {
        self.state.result = bytes.iter().copied().collect();
        self.state.phase = Phase::Result;
    }

    fn start_transfer(&mut self, fabric: &mut Fabric, command: Command, bytes: &[u8]) {
        let transfer = Transfer::new(command, bytes);
        let spinning = self.disks[usize::from(transfer.drive)].is_some();
        self.state.last_eot = if command == Command::Format { transfer.count } else { transfer.eot };
        self.state.transfer = Some(transfer);
        self.state.phase = Phase::Execution;
        let delay = match command {
            Command::Write { .. } | Command::Scan(_) | Command::Format => GAP_NS,
            _ => self.sector_ns(),
        };
        // Without a disk no index pulse ends the search: the command hangs, and the host resets the chip.
        if spinning {
            self.arm_transfer(fabric, delay);
        }
    }

    /// ST3 [82077AA, "Status Register 3"].
    fn sense_drive(&mut self, select: u8) {
        let n = usize::from(select & 3);
        let track_0 = n < self.drives && self.state.drives[n].cylinder == 0;
        let protected = self.disks[n].as_ref().is_some_and(|disk| disk.write_protected());
        let st3 = (select & 7) | 0x28 | u8::from(track_0) << 4 | u8::from(protected) << 6;
        self.respond(&[st3]);
    }

    fn sense_interrupt(&mut self) {
        self.state.irq = false;
        let Some(n) = self.state.drives.iter().position(|drive| drive.interrupt.is_some()) else {
            return self.respond(&[ST0::INVALID]);
        };
        let drive = &mut self.state.drives[n];
        let st0 = drive.interrupt.take().unwrap_or(ST0::INVALID);
        let pcn = drive.pcn;
        self.respond(&[st0, pcn]);
    }

    /// Another drive's seek may have ended meanwhile; the four of a reset share one interrupt.
    pub(super) fn raise_if_pending(&mut self) {
        let ended = |drive: &DriveState| drive.interrupt.is_some_and(|st0| st0 & ST0::POLLED != ST0::POLLED);
        self.state.irq |= self.state.drives.iter().any(ended);
    }

    fn recalibrate(&mut self, fabric: &mut Fabric, select: u8) {
        let n = usize::from(select & 3);
        // At most 79 step pulses [82077AA, "Recalibrate"].
        let cylinder = self.state.drives[n].stepped(-79);
        let found = n < self.drives && cylinder == 0;
        let failed = if found { 0 } else { ST0::ABNORMAL | ST0::EQUIPMENT_CHECK };
        let steps = self.state.drives[n].cylinder.abs_diff(cylinder);
        let end = SeekEnd { pcn: 0, cylinder, st0: ST0::SEEK_END | failed | (select & 3) };
        self.start_seek(fabric, n, if found { steps } else { 79 }, end);
    }

    fn seek(&mut self, fabric: &mut Fabric, select: u8, steps: i32, pcn: u8) {
        let n = usize::from(select & 3);
        let end =
            SeekEnd { pcn, cylinder: self.state.drives[n].stepped(steps), st0: ST0::SEEK_END | (select & 7) };
        self.start_seek(fabric, n, steps.unsigned_abs().min(255) as u8, end);
    }

    fn start_seek(&mut self, fabric: &mut Fabric, n: usize, steps: u8, end: SeekEnd) {
        let drive = &mut self.state.drives[n];
        if steps > 0 && self.disks[n].is_some() {
            drive.changed = false;
        }
        drive.seeking = Some(end);
        let time = (u64::from(steps) * self.step_ns()).max(GAP_NS);
        fabric.sched.arm(self.wiring.seeks[n], fabric.now.plus_ns(time));
    }

    pub(super) fn seek_event(&mut self, n: usize) {
        let drive = &mut self.state.drives[n];
        let Some(end) = drive.seeking.take() else { return };
        (drive.cylinder, drive.pcn, drive.interrupt) = (end.cylinder, end.pcn, Some(end.st0));
        self.state.irq = true;
    }

    /// OW lets the drive bits be written [82077AA, "Perpendicular Mode"].
    fn perpendicular(&mut self, value: u8) {
        let kept = if value & 0x80 != 0 { value & 0x3C } else { self.state.perpendicular & 0x3C };
        self.state.perpendicular = kept | (value & 3);
    }

    fn dump_registers(&mut self) {
        let s = &self.state;
        let pcn = [0, 1, 2, 3].map(|n: usize| s.drives[n].pcn);
        let lock = u8::from(s.locked) << 7 | s.perpendicular;
        let bytes = [
            pcn[0],
            pcn[1],
            pcn[2],
            pcn[3],
            s.specify[0],
            s.specify[1],
            s.last_eot,
            lock,
            s.config,
            s.precompensation,
        ];
        self.respond(&bytes);
    }
}
