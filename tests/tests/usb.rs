//! A tablet and a keyboard at the USB controller under Linux' own drivers.

use ringzero_machine::kernel::{Initrd, Kernel};
use ringzero_machine::{Config, HidKind, Key, Machine, Media, MouseButton, OnIdle, Stop};
use ringzero_tests::disks::linux::{Entry, cpio, unpack};
use ringzero_tests::pc::{INSTALLER, package_file};

/// Modules in the order of their needs.
const MODULES: [&str; 6] = ["usb-common", "usbcore", "uhci-hcd", "hid", "hid-generic", "usbhid"];

const SCRIPT: &str = r#"#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t devtmpfs d /dev; mount -t proc p /proc; mount -t sysfs s /sys
exec >/dev/ttyS0 2>&1 </dev/null
for m in MODULES; do insmod $(find /lib/modules -name $m.ko) || echo FAILED: $m; done
n=0
until [ -e /dev/hidraw1 ]; do
    n=$((n+1)); [ $n -gt 100 ] && { echo FAILED: no devices; dmesg | tail -40; poweroff -f; }
    sleep 0.1
done
cat /proc/bus/input/devices
grep uhci /proc/interrupts
echo devices are there
read line </dev/tty1
echo "typed: $line"
cat /dev/hidraw0 &
sleep 1
echo tablet is read
sleep 1000
"#;

/// Instructions that each step may take.
const PATIENCE: u64 = 20_000_000_000;

struct Guest {
    machine: Machine,
    said: Vec<u8>,
}

impl Guest {
    /// Linux with the modules and the script, its tablet at port 1 and its keyboard at port 2.
    fn boot() -> Option<Self> {
        let image = package_file(&format!("{INSTALLER}/linux"))?;
        let mut entries = unpack(&package_file(&format!("{INSTALLER}/initrd.gz"))?);
        entries.retain(|entry| {
            let wanted = MODULES.iter().any(|name| entry.name.ends_with(&format!("/{name}.ko")));
            let is_folder = entry.mode & 0o170_000 == 0o040_000;
            wanted || is_folder || !entry.name.contains("lib/modules/") && entry.name != "init"
        });
        let script = SCRIPT.replace("MODULES", &MODULES.join(" "));
        entries.push(Entry::program("init", script));
        let initrd = Initrd { data: cpio(&entries).into(), ..Initrd::default() };
        let kernel = Kernel {
            image: image.into(),
            initrds: vec![initrd],
            command_line: "console=tty0 console=ttyS0 quiet".to_owned(),
            ..Kernel::default()
        };
        let usb = Some([Some(HidKind::Tablet), Some(HidKind::Keyboard)]);
        let config = Config { kernel: Some(kernel), memory: 512 << 20, usb, ..Config::default() };
        let machine = Machine::new(config, Media::default()).unwrap();
        Some(Self { machine, said: Vec::new() })
    }

    #[track_caller]
    fn wait_for(&mut self, what: &[u8]) {
        let limit = self.machine.count() + PATIENCE;
        while !self.said.windows(what.len()).any(|window| window == what) {
            let stop = self.machine.run(self.machine.count() + 1_000_000, OnIdle::Jump);
            self.said.extend(self.machine.take_serial(0));
            let said = String::from_utf8_lossy(&self.said);
            let well = stop == Stop::Limit && self.machine.count() < limit && !said.contains("FAILED");
            assert!(well, "{stop:?}, waiting for {what:x?}:\n{said}");
        }
    }

    /// Lets virtual milliseconds pass.
    fn pass(&mut self, milliseconds: u64) {
        let until = self.machine.now().plus_ns(milliseconds * 1_000_000);
        while self.machine.now() < until {
            match self.machine.run(self.machine.count() + 100_000, OnIdle::Return) {
                Stop::Idle => self.machine.skip_to(until),
                stop => assert_eq!(stop, Stop::Limit),
            }
        }
        self.said.extend(self.machine.take_serial(0));
    }
}

#[test]
fn linux_finds_tablet_and_keyboard_and_hears_them() {
    let Some(mut guest) = Guest::boot() else { return };
    guest.wait_for(b"devices are there");
    let said = String::from_utf8_lossy(&guest.said).into_owned();
    for part in ["RingZero USB Tablet", "RingZero USB Keyboard", "uhci_hcd"] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    for key in [Key::R, Key::Z, Key::Enter] {
        guest.machine.key(key, true);
        guest.pass(50);
        guest.machine.key(key, false);
        guest.pass(50);
    }
    guest.wait_for(b"typed: rz");
    guest.wait_for(b"tablet is read");
    assert!(guest.machine.takes_places());
    guest.machine.pointer_to(0x2468, 0xFFFF);
    guest.machine.mouse_button(MouseButton::Right, true);
    guest.wait_for(&[0, 0x34, 0x12, 0xFF, 0x7F, 0]);
    guest.wait_for(&[2, 0x34, 0x12, 0xFF, 0x7F, 0]);
    guest.pass(2000);
    // An idle guest whose schedule runs stays idle.
    let before = guest.machine.count();
    guest.pass(10_000);
    let idle = guest.machine.count() - before;
    eprintln!("{idle} instructions in ten seconds of nothing");
    assert!(idle < 200_000_000, "{idle} instructions in ten seconds of nothing");
}
