//! Names of addresses, from a kernel's ELF file.

use goblin::elf::{Elf, sym};
use std::ops::Range;

/// How far behind a symbol without a size its name still holds, in bytes.
const REACH: u64 = 0x1000;

/// Functions and data by address.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// Ordered by address.
    symbols: Vec<Symbol>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

/// Why a file has no symbols for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolsError {
    /// Not ELF, or damaged.
    #[error("it is no ELF file that can be read")]
    NotElf,
    /// Stripped.
    #[error("it has no symbols; link it without stripping")]
    None,
}

impl Symbols {
    /// The symbols of an ELF file.
    pub fn read(file: &[u8]) -> Result<Self, SymbolsError> {
        let elf = Elf::parse(file).map_err(|_| SymbolsError::NotElf)?;
        let named = |symbol: sym::Sym| {
            let wanted = matches!(symbol.st_type(), sym::STT_FUNC | sym::STT_OBJECT | sym::STT_NOTYPE);
            let name = elf.strtab.get_at(symbol.st_name).filter(|name| !name.is_empty() && wanted)?;
            (symbol.st_shndx != 0).then(|| Symbol {
                address: symbol.st_value,
                size: symbol.st_size,
                name: format!("{:#}", rustc_demangle::demangle(name)),
            })
        };
        let mut symbols: Vec<Symbol> = elf.syms.iter().filter_map(named).collect();
        if symbols.is_empty() {
            return Err(SymbolsError::None);
        }
        // Of several at one address the one with a size comes last and is found.
        symbols.sort_by(|a, b| (a.address, a.size, &a.name).cmp(&(b.address, b.size, &b.name)));
        Ok(Self { symbols })
    }

    /// The symbol that `address` lies in, and how far in.
    pub fn name_of(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.symbols.partition_point(|symbol| symbol.address <= address);
        let symbol = self.symbols[..after].last()?;
        let offset = address - symbol.address;
        let reach = if symbol.size == 0 { REACH } else { symbol.size };
        (offset < reach).then_some((symbol.name.as_str(), offset))
    }

    /// The addresses of the symbol called `name`.
    pub fn range_of(&self, name: &str) -> Option<Range<u64>> {
        let place = self.symbols.iter().position(|symbol| symbol.name == name)?;
        let symbol = &self.symbols[place];
        let next = self.symbols[place..].iter().map(|next| next.address).find(|&next| next > symbol.address);
        let size = if symbol.size == 0 {
            next.map_or(REACH, |next| (next - symbol.address).min(REACH))
        } else {
            symbol.size
        };
        Some(symbol.address..symbol.address.saturating_add(size))
    }

    /// Every name, in the order of addresses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().map(|symbol| symbol.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        let symbol = |address, size, name: &str| Symbol { address, size, name: name.to_owned() };
        Symbols {
            symbols: vec![symbol(0x1000, 0x20, "start"), symbol(0x2000, 0, "loop"), symbol(0x2010, 4, "end")],
        }
    }

    #[test]
    fn an_address_belongs_to_the_symbol_before_it() {
        assert_eq!(symbols().name_of(0x101F), Some(("start", 0x1F)));
        assert_eq!(symbols().name_of(0x1020), None);
        assert_eq!(symbols().name_of(0x2008), Some(("loop", 8)));
        assert_eq!(symbols().name_of(0xFFF), None);
    }

    #[test]
    fn a_symbol_without_a_size_ends_where_the_next_begins() {
        assert_eq!(symbols().range_of("loop"), Some(0x2000..0x2010));
        assert_eq!(symbols().range_of("nothing"), None);
    }

    #[test]
    fn what_is_no_elf_is_refused() {
        assert_eq!(Symbols::read(b"MZ").unwrap_err(), SymbolsError::NotElf);
    }
}
