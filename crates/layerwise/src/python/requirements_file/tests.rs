//! Tests of `python::requirements_file`.

use super::*;

/// Files by path; a path that ends with `/` is a folder.
fn gather(files: &[(&str, &str)]) -> Result<RequirementsFile, RequirementsError> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    RequirementsFile::gather(
        &RepoPath::new("lambdas/a/requirements.txt").unwrap(),
        |path| Ok(files.get(path.as_str()).map(|&text| text.to_owned())),
        |path| {
            let is_folder = files.contains_key(format!("{path}/").as_str());
            Ok(if is_folder { Some(Kind::Folder) } else { files.get(path.as_str()).map(|_| Kind::File) })
        },
    )
}

fn one(text: &str) -> Result<RequirementsFile, RequirementsError> {
    gather(&[("lambdas/a/requirements.txt", text)])
}

#[test]
fn what_it_reads_becomes_inputs() {
    let file = gather(&[
        (
            "lambdas/a/requirements.txt",
            "# c\n-r ../common.txt\n-c c.txt\n./vendor/x-1.0-py3-none-any.whl\n-e ./pkg[x] ; os_name == 'posix'\n\
             file:y.whl\n--find-links=wheels\nz.tar.gz --hash=sha256:00\n/opt/own.whl\n-f https://h/links\n",
        ),
        ("lambdas/common.txt", "--requirement=more/m.txt\nrequests==2\n./vendor/x-1.0-py3-none-any.whl"),
        ("lambdas/more/m.txt", "-r../common.txt\nb @ file:pkg"),
        ("lambdas/a/c.txt", "idna==3"),
        ("lambdas/a/vendor/x-1.0-py3-none-any.whl", ""),
        ("lambdas/a/y.whl", ""),
        ("lambdas/a/z.tar.gz", ""),
        ("lambdas/a/pkg/", ""),
        ("lambdas/a/wheels/", ""),
    ])
    .unwrap();
    let paths: Vec<_> = file.sources.iter().map(|source| source.path().as_str()).collect();
    assert_eq!(
        paths,
        [
            "lambdas/a/c.txt",
            "lambdas/a/requirements.txt",
            "lambdas/a/vendor/x-1.0-py3-none-any.whl",
            "lambdas/a/y.whl",
            "lambdas/a/z.tar.gz",
            "lambdas/common.txt",
            "lambdas/more/m.txt",
            "lambdas/a/pkg",
            "lambdas/a/wheels",
        ]
    );
}

#[test]
fn lines_are_joined_and_cut_as_pip_does() {
    let text = "a==1 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11  # why\nb==1#x # y\n  # note\n\nc \\\n# note\nd==2";
    let file = one(&text.replace("b==1#x", "b==1")).unwrap();
    assert_eq!(file.requirements().collect::<Vec<_>>(), ["a==1", "b==1", "c", "d==2"]);
    assert_eq!(
        file.unpinned().iter().map(|open| (open.line, open.text.as_str())).collect::<Vec<_>>(),
        [(7, "c")]
    );
}

#[test]
fn what_is_pinned() {
    let commit = "0123456789012345678901234567890123456789";
    for (text, pinned) in [
        ("a==1.2", true),
        ("a===1.2", true),
        ("a[x] == 1 ; os_name=='posix'", true),
        ("a==1.*", false),
        ("a", false),
        ("a>=1,<2", false),
        ("a @ https://h/a-1.whl", true),
        ("https://h/a-1.whl", true),
        ("git+https://h/a@main", false),
        (&format!("a @ git+https://h/a@{commit}"), true),
        (&format!("git+ssh://git@h/a@{commit}#egg=a"), true),
        ("-r https://h/requirements.txt", false),
        ("--index-url https://me:${TOKEN}@h/simple", true),
        ("--pre", true),
    ] {
        assert_eq!(one(text).unwrap().unpinned().is_empty(), pinned, "{text}");
    }
}

#[test]
fn constraints_pin() {
    let file = gather(&[
        ("lambdas/a/requirements.txt", "A_b\nc\n-c c.txt"),
        ("lambdas/a/c.txt", "a-b==1\nunused\n-r d.txt"),
        ("lambdas/a/d.txt", "c>=1"),
    ])
    .unwrap();
    let open: Vec<_> = file.unpinned().into_iter().map(|open| open.text).collect();
    assert_eq!(open, ["c"]);
    assert_eq!(file.requirements().collect::<Vec<_>>(), ["A_b", "c"]);
}

#[test]
fn errors_name_the_file_and_the_line() {
    for (text, expected) in [
        ("\n-r no.txt", "lambdas/a/requirements.txt:2: lambdas/a/no.txt does not exist"),
        ("./no.whl", "lambdas/a/requirements.txt:1: lambdas/a/no.whl does not exist"),
        ("-r ../../../x", "lambdas/a/requirements.txt:1: `../../../x` leaves the repository"),
        (
            "-r ${DIR}/x",
            "lambdas/a/requirements.txt:1: `${DIR}/x` names a path by an environment variable, so it cannot be an input",
        ),
        (
            "--extra-index-url=https://me:pw@h/",
            "lambdas/a/requirements.txt:1: `--extra-index-url=https://…@h/` holds credentials (not shown), which would be readable in the image",
        ),
        (
            "a b",
            "lambdas/a/requirements.txt:1: `a b` is not a requirement: a version specifier, `@` or `;` is expected behind the name",
        ),
    ] {
        assert_eq!(one(text).unwrap_err().to_string(), expected);
    }
    assert_eq!(gather(&[]).unwrap_err().to_string(), "lambdas/a/requirements.txt does not exist");
}
