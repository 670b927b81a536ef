//! Files that are written whole or not at all: beside the old one first, then synced and renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;

use crate::error::{Error, Result};

/// An error in a file, with the name of the file in front, unless it is of the file itself and has it.
#[cfg(any(feature = "save", feature = "table"))]
pub(crate) fn within<T>(name: &Path, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.is_file() {
        true => error,
        false => error.during(name.display()),
    })
}

/// Whether bytes begin as a file of safetensors does: the length of its header, and the brace that opens it.
#[cfg(any(feature = "save", feature = "table"))]
pub(crate) fn begin_as_safetensors(bytes: &[u8]) -> bool {
    /// No header is longer, by the format.
    const LONGEST: u64 = 100_000_000;
    match bytes.split_first_chunk() {
        Some((length, [b'{', ..])) => (2..=LONGEST).contains(&u64::from_le_bytes(*length)),
        _ => false,
    }
}

/// Whether a file is one of safetensors, by what it holds; what is no file, or cannot be read, is none.
#[cfg(any(feature = "save", feature = "table"))]
pub(crate) fn is_safetensors(path: &Path) -> bool {
    use std::io::Read;

    let mut start = Vec::new();
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    let opened = is_file.then(|| File::open(path));
    let read = opened.map(|file| file.and_then(|file| file.take(9).read_to_end(&mut start)));
    matches!(read, Some(Ok(_))) && begin_as_safetensors(&start)
}

/// A file that takes the place of an older one when it is [committed](WholeFile::commit), and leaves no
/// trace otherwise. What is no regular file, such as a terminal or a pipe, is written as it is.
pub(crate) struct WholeFile {
    path: PathBuf,
    target: BufWriter<Target>,
}

enum Target {
    Beside(AtomicWriteFile),
    Itself(File),
}

impl WholeFile {
    /// A new file for this path. Behind a symbolic link it is the file there that will be replaced.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let opened = match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                File::options().write(true).open(path).map(Target::Itself)
            }
            Ok(_) => fs::canonicalize(path).and_then(AtomicWriteFile::open).map(Target::Beside),
            Err(_) => AtomicWriteFile::open(path).map(Target::Beside),
        };
        let target = opened.map_err(|cause| Error::file(path, "write", cause))?;
        Ok(Self { path: path.into(), target: BufWriter::with_capacity(1 << 16, target) })
    }

    /// Gives the file its name, after all of it has reached the disk.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { path, target } = self;
        let written = target.into_inner().map_err(io::IntoInnerError::into_error);
        let committed = written.and_then(|target| match target {
            Target::Beside(file) => file.commit(),
            Target::Itself(mut file) => file.flush(),
        });
        committed.map_err(|cause| Error::file(&path, "write", cause))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.target.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.target.seek(place)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Itself(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Itself(file) => file.flush(),
        }
    }
}

impl Seek for Target {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Beside(file) => file.seek(place),
            Self::Itself(file) => file.seek(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, which goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("liouville-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }

        fn files(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("a folder").map(|entry| entry.expect("one"));
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = Folder::new("whole");
        let path = folder.0.join("a.txt");
        fs::write(&path, "old").expect("written");
        let mut dropped = WholeFile::create(&path).expect("open");
        dropped.write_all(&[b'x'; 1 << 17]).expect("written");
        drop(dropped);
        assert_eq!(fs::read(&path).expect("there"), b"old");
        let mut kept = WholeFile::create(&path).expect("open");
        kept.write_all(b"new").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"old");
        kept.commit().expect("committed");
        assert_eq!(fs::read(&path).expect("there"), b"new");
        assert_eq!(folder.files(), ["a.txt"]);
    }

    #[test]
    #[cfg(unix)]
    fn links_stay_links() {
        let folder = Folder::new("link");
        let (path, link) = (folder.0.join("a.txt"), folder.0.join("b.txt"));
        fs::write(&path, "old").expect("written");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        let mut file = WholeFile::create(&link).expect("open");
        file.write_all(b"new").expect("written");
        file.commit().expect("committed");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&path).expect("there"), b"new");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_and_devices_stay() {
        let full = Path::new("/dev/full");
        let mut file = WholeFile::create(full).expect("open");
        file.write_all(b"row").expect("buffered");
        let error = file.commit().expect_err("no space");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::StorageFull), "{error}");
        assert!(error.is_file() && !fs::metadata(full).expect("there").is_file());
        let missing = WholeFile::create(Path::new("/missing/folder/a.txt")).err().expect("none");
        assert_eq!(missing.io_kind(), Some(io::ErrorKind::NotFound), "{missing}");
    }
}
