//! What is done to a running container so that it does what the sources say: files put and removed, the runtime ended,
//! so that the emulator starts a fresh one. Decides nothing (`decide` does).

use std::collections::BTreeSet;
use std::io;

use bollard::body_full;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use camino::Utf8Path;
use fs_err as fs;
use futures_util::StreamExt as _;
use hyper::body::Bytes;
use layerwise::digest::Digest;

use crate::containers::Engine;
use crate::decide::Sync;
use crate::error::DevError;
use crate::invoke::Failure;
use crate::packages::Installed;

/// Removes the arguments, then ends the runtime: every child of the emulator, which is process 1, with its process group.
/// A shell that somebody has opened in the container is no child of it. Only what every shell has built in is used for
/// that: images have no `ps`.
const REMOVE_AND_END: &str = r#"
[ $# -eq 0 ] || rm -rf -- "$@" || exit 1
for status in /proc/[0-9]*/status; do
  while read -r key value; do
    [ "$key" = PPid: ] || continue
    if [ "$value" = 1 ]; then
      pid=${status%/status}
      pid=${pid#/proc/}
      { kill -9 -"$pid" || kill -9 "$pid"; } && echo killed
    fi
    break
  done < "$status"
done 2>/dev/null
exit 0
"#;

/// Compiles each argument without running it, and says what is wrong: `path:line: why`.
const COMPILE: &str = r#"
import sys
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        print(f"{path}:{getattr(error, 'lineno', None) or 1}: {getattr(error, 'msg', None) or error}")
"#;

/// The files of `sync` as an archive from `/`. All have the modification time `time`, in seconds since 1970: Python takes
/// a file for the one that it has compiled when size and time are the same, so no two archives of one container may have
/// the same.
pub(crate) fn archive(root: &Utf8Path, sync: &Sync, time: u64) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for put in &sync.put {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(time);
        let to = put.to.trim_start_matches('/');
        match &put.file {
            None => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                archive.append_data(&mut header, format!("{to}/"), io::empty())?;
            }
            Some((path, executable)) => {
                let bytes = fs::read(path.on_disk(root))?;
                header.set_mode(if *executable { 0o755 } else { 0o644 });
                header.set_size(bytes.len() as u64);
                archive.append_data(&mut header, to, bytes.as_slice())?;
            }
        }
    }
    archive.into_inner()
}

/// Says of every file that pip has installed, whose digest begins with one of the words of the argument and which is as pip
/// has left it: its digest, its path below the folder of packages, and its absolute path.
const INSTALLED: &str = r#"
import base64, hashlib, importlib.metadata, sys
wanted = set(sys.argv[1].split())
for distribution in importlib.metadata.distributions():
    for file in distribution.files or ():
        if not file.hash or file.hash.mode != "sha256":
            continue
        digest = base64.urlsafe_b64decode(file.hash.value + "==").hex()
        if digest[:8] not in wanted:
            continue
        try:
            with open(file.locate(), "rb") as opened:
                if hashlib.sha256(opened.read()).hexdigest() == digest:
                    print(digest, file, file.locate(), sep="\t")
        except OSError:
            pass
"#;
/// Bytes that the arguments of a program may have.
const ARGUMENT: usize = 100_000;

/// Something that Python cannot compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The absolute path in the container.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) why: String,
}

impl Broken {
    fn parse(line: &str) -> Option<Self> {
        let (path, rest) = line.split_once(':')?;
        let (number, why) = rest.split_once(": ")?;
        Some(Self { path: path.to_owned(), line: number.parse().ok()?, why: why.to_owned() })
    }
}

/// The inside of one container, also while the container itself is busy otherwise.
#[derive(Clone)]
pub(crate) struct Inside {
    pub(crate) engine: Engine,
    pub(crate) id: String,
    pub(crate) image: String,
}

impl Inside {
    /// Unpacks an archive from `/`.
    pub(crate) async fn put(&self, archive: Vec<u8>) -> Result<(), DevError> {
        self.put_below("/", archive.into()).await
    }

    /// Unpacks an archive from `folder`, which is there.
    pub(crate) async fn put_below(&self, folder: &str, archive: Bytes) -> Result<(), DevError> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let put = self.engine.docker.upload_to_container(&self.id, Some(options), body_full(archive));
        put.await.map_err(|cause| self.failed("put files into", &cause))
    }

    /// Where its Python has installed packages.
    pub(crate) async fn python_packages(&self) -> Result<String, DevError> {
        let command = ["python3", "-I", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"];
        match self.execute(command.map(str::to_owned).to_vec(), "").await? {
            (0, said) if said.starts_with('/') => Ok(said.trim().to_owned()),
            (code, said) => Err(DevError::Engine {
                host: self.engine.host().to_owned(),
                doing: format!("find Python in the container of `{}`", self.image),
                cause: format!("exit code {code}: {}", said.trim()),
            }),
        }
    }

    /// Nobody answers in it.
    pub(crate) fn silent(&self, failure: &Failure) -> DevError {
        let cause = match failure {
            Failure::Stuck(answer) => answer.text(),
            Failure::Broken(cause) => cause.clone(),
        };
        DevError::NoAnswer { name: self.image.clone(), cause }
    }

    /// Removes paths and ends the runtime; the next question starts a fresh one. Whether there was one to end.
    pub(crate) async fn remove_and_end_runtime(&self, remove: &[String]) -> Result<bool, DevError> {
        let command = ["sh", "-c", REMOVE_AND_END, "sh"].into_iter().map(str::to_owned);
        let (code, said) = self.execute(command.chain(remove.iter().cloned()).collect(), "0").await?;
        if code == 0 {
            return Ok(said.contains("killed"));
        }
        Err(DevError::Engine {
            host: self.engine.host().to_owned(),
            doing: format!("restart the function in the container of `{}`", self.image),
            cause: format!("exit code {code}: {}", said.trim()),
        })
    }

    /// What pip has installed of these files; nothing where there is no Python, or when there are too many of them.
    pub(crate) async fn installed(&self, wanted: &BTreeSet<Digest>) -> Vec<Installed> {
        let words: Vec<String> = wanted.iter().map(|digest| digest.hex()[..8].to_owned()).collect();
        let words = words.join(" ");
        if words.len() > ARGUMENT {
            return Vec::new();
        }
        let command = ["python3", "-I", "-c", INSTALLED, &words].map(str::to_owned);
        let installed = |line: &str| {
            let (digest, rest) = line.split_once('\t')?;
            let (module, path) = rest.split_once('\t')?;
            let digest = Digest::parse(&format!("sha256:{digest}")).ok()?;
            Some(Installed { digest, module: module.to_owned(), path: path.to_owned() })
        };
        match self.execute(command.to_vec(), "").await {
            Ok((0, said)) => said.lines().filter_map(installed).collect(),
            _ => Vec::new(),
        }
    }

    /// What Python cannot compile of these absolute paths; nothing where there is no Python.
    pub(crate) async fn broken(&self, paths: Vec<String>) -> Vec<Broken> {
        let command = ["python3", "-I", "-c", COMPILE].into_iter().map(str::to_owned);
        match self.execute(command.chain(paths).collect(), "").await {
            Ok((0, said)) => said.lines().filter_map(Broken::parse).collect(),
            _ => Vec::new(),
        }
    }

    /// Runs a command in it as `user` (its own when empty): the exit code, and all that it printed.
    async fn execute(&self, command: Vec<String>, user: &str) -> Result<(i64, String), DevError> {
        let docker = &self.engine.docker;
        let fail = |cause| self.failed("run a command in", &cause);
        let options = CreateExecOptions {
            cmd: Some(command),
            user: (!user.is_empty()).then(|| user.to_owned()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..CreateExecOptions::default()
        };
        let id = docker.create_exec(&self.id, options).await.map_err(fail)?.id;
        let started = docker.start_exec(&id, None::<StartExecOptions>).await.map_err(fail)?;
        let mut said = Vec::new();
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(piece) = output.next().await {
                said.extend(piece.map_err(fail)?.into_bytes());
            }
        }
        let code = docker.inspect_exec(&id).await.map_err(fail)?.exit_code.unwrap_or(-1);
        Ok((code, String::from_utf8_lossy(&said).into_owned()))
    }

    fn failed(&self, doing: &str, cause: &bollard::errors::Error) -> DevError {
        self.engine.error(format!("{doing} the container of `{}`", self.image), cause)
    }
}

#[cfg(test)]
mod tests {
    use layerwise::repo_path::RepoPath;

    use super::*;
    use crate::decide::Put;

    #[test]
    fn an_archive_holds_files_and_folders_with_gits_modes() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        fs::write(root.join("a.py"), "1").unwrap();
        let file = |executable| Some((RepoPath::new("a.py").unwrap(), executable));
        let put = vec![
            Put { to: "/var/task/deep".into(), file: None },
            Put { to: "/var/task/deep/a.py".into(), file: file(false) },
            Put { to: "/opt/a".into(), file: file(true) },
        ];
        let bytes = archive(root, &Sync { remove: Vec::new(), put }, 7).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            (path, header.mode().unwrap(), header.size().unwrap(), header.mtime().unwrap())
        });
        assert_eq!(
            entries.collect::<Vec<_>>(),
            [
                ("var/task/deep/".to_owned(), 0o755, 0, 7),
                ("var/task/deep/a.py".to_owned(), 0o644, 1, 7),
                ("opt/a".to_owned(), 0o755, 1, 7)
            ]
        );
    }

    #[test]
    fn what_python_says_is_understood() {
        let broken = |path: &str, line, why: &str| Some(Broken { path: path.into(), line, why: why.into() });
        assert_eq!(
            Broken::parse("/var/task/a.py:3: '(' was never closed"),
            broken("/var/task/a.py", 3, "'(' was never closed")
        );
        assert_eq!(Broken::parse("Traceback (most recent call last):"), None);
    }
}
