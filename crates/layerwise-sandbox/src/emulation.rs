//! Lets the kernel run arm64 programs through QEMU, in containers too. The kernel has one table of foreign formats for
//! the whole machine: this module adds one entry, under a name that is the sandbox's own, and takes back only that.
//! Never changes somebody else's entry; where one does the same work already, adds none.

use crate::{
    SandboxError,
    architecture::Architecture,
    command::Command,
    downloads::Downloads,
    folder::Folder,
    packages::{self, PackageSet},
    processes::Role,
    root::remove,
};
use camino::Utf8PathBuf;
use std::{io, os::unix::fs::PermissionsExt};

const SCRIPT: &str = include_str!("../assets/binfmt.sh");

/// The first bytes of an arm64 ELF program, and which bits of them count.
const MAGIC: &str = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00";
const MASK: &str = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

/// An entry of the sandbox's name that is not the sandbox's.
#[derive(Debug, thiserror::Error)]
#[error("the kernel's binfmt_misc entry `{name}` belongs to somebody else: its interpreter is {interpreter}")]
pub struct ForeignEntry {
    name: String,
    interpreter: String,
}

impl ForeignEntry {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "the sandbox does not touch it; whoever made it can remove it by writing -1 into it"
    }
}

/// An entry of the kernel's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    name: String,
    enabled: bool,
    interpreter: String,
    flags: String,
    magic: String,
}

/// Whether QEMU is there.
pub(crate) fn is_prepared(folder: &Folder) -> bool {
    interpreter(folder).exists()
}

/// Unpacks QEMU.
pub(crate) fn prepare(
    folder: &Folder,
    downloads: &Downloads,
    native: Architecture,
) -> Result<(), SandboxError> {
    let interpreter = interpreter(folder);
    let not_found = || io::Error::from(io::ErrorKind::NotFound);
    let packages = downloads.get(&PackageSet::emulator(native).key()).ok_or_else(not_found)?;
    let tree = folder.tmp().join("qemu");
    remove(&tree)?;
    packages::unpack(&packages, &tree)?;
    let program = tree.join("usr/bin/qemu-aarch64");
    fs_err::set_permissions(&program, PermissionsExt::from_mode(0o755))?;
    fs_err::create_dir_all(interpreter.parent().unwrap_or(folder.path()))?;
    fs_err::rename(program, interpreter)?;
    Ok(remove(&tree)?)
}

/// Makes arm64 programs run. The table is seen through a mount in the engine's namespace: where the machine has not
/// mounted it, the entry ends with the engine.
pub(crate) fn up(folder: &Folder) -> Result<(), SandboxError> {
    let entries = entries(folder)?;
    if let Some(entry) = entries.iter().find(|entry| entry.name == name(folder)) {
        return match entry.interpreter == interpreter(folder) {
            true => Ok(()),
            false => Err(ForeignEntry { name: name(folder), interpreter: entry.interpreter.clone() }.into()),
        };
    }
    if entries.iter().any(Entry::serves_everybody) {
        return Ok(());
    }
    let engine = Role::Engine.main_process(folder).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    // F: the kernel keeps the interpreter open, so containers need no copy; O and P as in Debian's own entry.
    let registration = format!(":{}:M::{MAGIC}:{MASK}:{}:OPF", name(folder), interpreter(folder));
    Command::new("nsenter")
        .args(["--target", &engine.pid.to_string(), "--mount"])
        .args(["sh", script(folder)?.as_str(), "add", &registration])
        .run()?;
    Ok(())
}

/// Takes the sandbox's entry back; leaves one of its name alone that is not its own.
pub(crate) fn down(folder: &Folder) -> Result<(), SandboxError> {
    if is_up(folder)? {
        table(folder, "remove", &name(folder))?;
    }
    Ok(())
}

/// Whether the sandbox's own entry is there.
pub(crate) fn is_up(folder: &Folder) -> Result<bool, SandboxError> {
    let ours = |entry: &Entry| entry.name == name(folder) && entry.interpreter == interpreter(folder);
    Ok(entries(folder)?.iter().any(ours))
}

fn name(folder: &Folder) -> String {
    format!("{}-arm64", folder.name())
}

/// QEMU goes by this name when it is to keep a program's own idea of its name: flag P.
fn interpreter(folder: &Folder) -> Utf8PathBuf {
    folder.path().join("emulation/aarch64-binfmt-P")
}

fn entries(folder: &Folder) -> Result<Vec<Entry>, SandboxError> {
    Ok(parse(&table(folder, "list", "")?))
}

/// Looks at the table through a mount of its own: it is the same table.
fn table(folder: &Folder, action: &str, argument: &str) -> Result<String, SandboxError> {
    let script = script(folder)?;
    let arguments = ["--mount", "--propagation", "private", "sh", script.as_str(), action, argument];
    Ok(Command::new("unshare").args(arguments).run()?)
}

fn script(folder: &Folder) -> io::Result<Utf8PathBuf> {
    let path = folder.path().join("emulation/binfmt.sh");
    fs_err::write(&path, SCRIPT)?;
    Ok(path)
}

fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        if key == "name" {
            entries.push(Entry { name: value.to_owned(), ..Entry::default() });
        }
        let Some(entry) = entries.last_mut() else { continue };
        match key {
            "enabled" => entry.enabled = true,
            "interpreter" => value.clone_into(&mut entry.interpreter),
            "flags:" => value.clone_into(&mut entry.flags),
            "magic" => value.clone_into(&mut entry.magic),
            _ => {}
        }
    }
    entries
}

impl Entry {
    /// Whether it runs arm64 programs in containers as well, and is not a sandbox's, which may go at any time.
    fn serves_everybody(&self) -> bool {
        // The number of the architecture is in the 19th and 20th byte.
        let arm64 = self.magic.starts_with("7f454c46") && self.magic.get(36..40) == Some("b700");
        let of_sandbox = self.name.starts_with("lw") && self.name.ends_with("-arm64");
        self.enabled && arm64 && self.flags.contains('F') && !of_sandbox
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "name python3.11\nenabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 0\nmagic a70d0d0a\n\
                         name qemu-aarch64\nenabled\ninterpreter /usr/bin/qemu-aarch64\nflags: POF\noffset 0\nmagic \
                         7f454c460201010000000000000000000200b700\nmask \
                         ffffffffffffff00fffffffffffffffffeffffff\n";

    #[test]
    fn reads_the_table() {
        let entries = parse(TABLE);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].interpreter, "/usr/bin/qemu-aarch64");
        assert!(entries[1].enabled);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn another_s_entry_serves_if_containers_can_use_it() {
        let entries = parse(TABLE);
        assert!(!entries[0].serves_everybody());
        assert!(entries[1].serves_everybody());
        assert!(!parse(&TABLE.replace("POF", "PO"))[1].serves_everybody(), "containers have no such file");
        assert!(!parse(&TABLE.replace("enabled", "disabled"))[1].serves_everybody());
        assert!(!parse(&TABLE.replace("qemu-aarch64", "lw00000000-arm64"))[1].serves_everybody());
    }
}
