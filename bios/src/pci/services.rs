//! INT 1Ah AH=B1h: the PCI BIOS [PCI BIOS, "Functions"]. `roms` has the same as 32-bit code.
//!
//! *Modelled*: everything but special cycles, which the host bridge does not make.

use super::{EXCLUSIVE, Function, pirq, route};
use crate::guest::{Guest, Served};
use crate::tables::routing;
use ringzero_bus::LinAddr;

/// AH of the answer [PCI BIOS, "Function List"].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Successful = 0x00,
    FunctionNotSupported = 0x81,
    BadVendorId = 0x83,
    DeviceNotFound = 0x86,
    BadRegisterNumber = 0x87,
    SetFailed = 0x88,
    BufferTooSmall = 0x89,
}

/// How much of a register is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Byte = 1,
    Word = 2,
    Dword = 4,
}

/// The functions, by AL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Present,
    FindDevice,
    FindClass,
    Read(Size),
    Write(Size),
    RoutingOptions,
    SetRoute,
    Unsupported,
}

impl Request {
    fn decode(al: u8) -> Self {
        match al {
            0x01 => Self::Present,
            0x02 => Self::FindDevice,
            0x03 => Self::FindClass,
            0x08 => Self::Read(Size::Byte),
            0x09 => Self::Read(Size::Word),
            0x0A => Self::Read(Size::Dword),
            0x0B => Self::Write(Size::Byte),
            0x0C => Self::Write(Size::Word),
            0x0D => Self::Write(Size::Dword),
            0x0E => Self::RoutingOptions,
            0x0F => Self::SetRoute,
            // 06h, special cycle, among them.
            _ => Self::Unsupported,
        }
    }
}

/// Version 2.1.
const VERSION: u16 = 0x0210;
/// "PCI ".
const SIGNATURE: u32 = 0x2049_4350;
/// Configuration mechanism 1, special cycles by none.
const MECHANISM: u8 = 0x01;

/// The service, on a machine with PCI.
pub(crate) fn int1a(g: &mut Guest) -> Served {
    let status = match Request::decode(g.al()) {
        Request::Present => present(g),
        Request::FindDevice => find_device(g),
        Request::FindClass => find_class(g),
        Request::Read(size) => access(g, size, read),
        Request::Write(size) => access(g, size, write),
        Request::RoutingOptions => routing_options(g)?,
        Request::SetRoute => set_route(g),
        Request::Unsupported => Status::FunctionNotSupported,
    };
    g.set_ah(status as u8);
    g.set_cf(status != Status::Successful)
}

fn present(g: &mut Guest) -> Status {
    g.regs().edx = SIGNATURE;
    g.set_al(MECHANISM);
    g.set_bx(VERSION);
    // The last bus.
    g.set_cl(0);
    Status::Successful
}

/// The function number SI of those that `matches` says yes to.
fn find(g: &mut Guest, matches: impl Fn(&mut Guest, Function) -> bool) -> Status {
    let index = usize::from(g.si());
    let found = super::functions(g).into_iter().filter(|function| matches(g, *function)).nth(index);
    let Some(function) = found else { return Status::DeviceNotFound };
    g.set_bx(u16::from(function.number()));
    Status::Successful
}

fn find_device(g: &mut Guest) -> Status {
    let (device, vendor) = (g.cx(), g.dx());
    if vendor == 0xFFFF {
        return Status::BadVendorId;
    }
    let wanted = u32::from(device) << 16 | u32::from(vendor);
    find(g, |g, function| function.id(g) == Some(wanted))
}

fn find_class(g: &mut Guest) -> Status {
    let wanted = g.regs().ecx & 0xFF_FFFF;
    find(g, |g, function| function.class(g) == wanted)
}

/// Calls `act` with the function in BX and the register in DI.
fn access(g: &mut Guest, size: Size, act: fn(&mut Guest, Function, u8, Size)) -> Status {
    let (place, register) = (g.bx(), g.di());
    if register > 0xFF || register % size as u16 != 0 {
        return Status::BadRegisterNumber;
    }
    if place > 0xFF {
        // Nothing answers on other buses: ones are read, stores are lost.
        match size {
            Size::Byte => g.set_cl(0xFF),
            Size::Word => g.set_cx(0xFFFF),
            Size::Dword => g.regs().ecx = u32::MAX,
        }
        return Status::Successful;
    }
    act(g, Function::from_number(place as u8), register as u8, size);
    Status::Successful
}

fn read(g: &mut Guest, function: Function, register: u8, size: Size) {
    match size {
        Size::Byte => {
            let value = function.read_u8(g, register);
            g.set_cl(value);
        }
        Size::Word => {
            let value = function.read_u16(g, register);
            g.set_cx(value);
        }
        Size::Dword => g.regs().ecx = function.read(g, register),
    }
}

fn write(g: &mut Guest, function: Function, register: u8, size: Size) {
    let value = g.regs().ecx;
    match size {
        Size::Byte => function.write_u8(g, register, value as u8),
        Size::Word => function.write_u16(g, register, value as u16),
        Size::Dword => function.write(g, register, value),
    }
}

/// The buffer at ES:DI says how long the one it points to is, and hears how long it should be.
fn routing_options(g: &mut Guest) -> Served<Status> {
    let (es, di) = (g.regs().es, g.di());
    let slots = routing::slots();
    let header = LinAddr::real(es, di);
    let room = usize::from(g.read_u16(header)?);
    let (segment, offset) = g.read_far(LinAddr::real(es, di.wrapping_add(2)))?;
    let fits = room >= slots.len();
    if fits {
        let buffer = LinAddr::real(segment, offset);
        g.check(buffer, slots.len())?;
        g.check(header, 2)?;
        g.write(buffer, &slots)?;
        g.set_bx(EXCLUSIVE);
    }
    g.write_u16(header, slots.len() as u16)?;
    Ok(if fits { Status::Successful } else { Status::BufferTooSmall })
}

/// CL is 0Ah for INTA to 0Dh for INTD of the device in BX, CH the wire.
fn set_route(g: &mut Guest) -> Status {
    let (place, pin, irq) = (g.bx(), g.cl(), g.ch());
    let possible = irq < 16 && routing::ROUTABLE & 1 << irq != 0;
    if place > 0xFF || !(0x0A..=0x0D).contains(&pin) || !possible {
        return Status::SetFailed;
    }
    route(g, pirq(place as u8 >> 3, pin - 9), irq);
    Status::Successful
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeMachine;

    fn call(machine: &mut FakeMachine, al: u8) -> u8 {
        machine.regs.eax = 0xB100 | u32::from(al);
        crate::time::int1a(&mut machine.guest()).unwrap();
        let ah = (machine.regs.eax >> 8) as u8;
        assert_eq!(machine.caller_flags() & 1 != 0, ah != 0);
        ah
    }

    #[test]
    fn presence_has_its_signature() {
        let mut machine = FakeMachine::with_pci();
        assert_eq!(call(&mut machine, 1), 0);
        let regs = machine.regs;
        assert_eq!((regs.edx, regs.ebx as u16, regs.ecx as u8, regs.eax as u8), (SIGNATURE, 0x0210, 0, 1));
    }

    #[test]
    fn a_device_is_found_by_its_number_among_its_like() {
        let mut machine = FakeMachine::with_pci();
        (machine.regs.ecx, machine.regs.edx) = (0x7010, 0x8086);
        assert_eq!((call(&mut machine, 2), machine.regs.ebx), (0, 0x09));
        machine.regs.esi = 1;
        assert_eq!(call(&mut machine, 2), 0x86);
        machine.regs.edx = 0xFFFF;
        assert_eq!(call(&mut machine, 2), 0x83);
    }

    #[test]
    fn a_class_has_three_bytes() {
        let mut machine = FakeMachine::with_pci();
        machine.regs.ecx = 0x0003_0000;
        assert_eq!((call(&mut machine, 3), machine.regs.ebx), (0, 0x10));
    }

    #[test]
    fn registers_are_read_and_written_by_their_size() {
        let mut machine = FakeMachine::with_pci();
        (machine.regs.ebx, machine.regs.edi, machine.regs.ecx) = (0x08, 0x60, 0x0B);
        assert_eq!(call(&mut machine, 0x0B), 0);
        machine.regs.ecx = 0;
        assert_eq!((call(&mut machine, 0x08), machine.regs.ecx), (0, 0x0B));
        machine.regs.edi = 0;
        assert_eq!((call(&mut machine, 0x0A), machine.regs.ecx), (0, 0x7000_8086));
        machine.regs.edi = 2;
        assert_eq!((call(&mut machine, 0x09), machine.regs.ecx), (0, 0x7000_7000));
        assert_eq!(call(&mut machine, 0x0A), 0x87);
    }

    #[test]
    fn routing_options_say_how_much_room_they_need() {
        let mut machine = FakeMachine::with_pci();
        (machine.regs.es, machine.regs.edi) = (0x2000, 0);
        machine.memory[0x2_0000..0x2_0006].copy_from_slice(&[4, 0, 0x00, 0x01, 0x00, 0x20]);
        assert_eq!((call(&mut machine, 0x0E), machine.memory[0x2_0000]), (0x89, 96));
        assert_eq!((call(&mut machine, 0x0E), machine.regs.ebx), (0, u32::from(EXCLUSIVE)));
        assert_eq!(machine.memory[0x2_0100..0x2_0103], [0, 0x08, 0x60]);
    }

    #[test]
    fn a_route_that_is_set_leads_the_pin() {
        let mut machine = FakeMachine::with_pci();
        // INTA of device 3 is PIRQC.
        (machine.regs.ebx, machine.regs.ecx) = (0x18, 0x050A);
        assert_eq!(call(&mut machine, 0x0F), 0);
        assert_eq!(machine.config(0x08)[0x62], 5);
        machine.regs.ecx = 0x080A;
        assert_eq!(call(&mut machine, 0x0F), 0x88);
    }

    #[test]
    fn special_cycles_are_not_supported() {
        assert_eq!(call(&mut FakeMachine::with_pci(), 6), 0x81);
    }

    #[test]
    fn without_pci_there_is_no_pci_bios() {
        let mut machine = FakeMachine::with_bda();
        machine.regs.eax = 0xB101;
        crate::time::int1a(&mut machine.guest()).unwrap();
        assert_eq!((machine.caller_flags() & 1, machine.regs.edx), (1, 0));
    }
}
