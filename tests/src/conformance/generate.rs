//! Random images on two parents that are full of odd things: modes, owners, links, files where folders are copied to.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::process::Cancel;

use crate::judge::bake::{Engine, Form, Target};
use crate::judge::declaration::{Declaration, ImageModel, Kind, On, Part};
use crate::judge::generate::{Shell, part, tree};
use crate::judge::image::{Layer, Reader};
use crate::judge::tree::Tree;
use crate::random::Random;

/// What both parents have.
const ODD: &str = r#"FROM scratch
COPY --from=public.ecr.aws/lambda/python:3.13 /bin/busybox /bin/busybox
COPY --from=public.ecr.aws/lambda/python:3.13 /bin/busybox /bin/sh
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /var/task /opt/g0/old /srv/real && chmod 2770 /opt && chown 7:9 /opt && ln -s real /srv/link && ln -s srv /linked
RUN cd /var/task && mkdir -m 1777 t0 && echo x > f0 && chmod 755 f0 && chown 3:4 f0 && mkdir t1 f1 && chown 5:5 t1 && \
    echo y > t2 && ln -s t0 t3 && ln -s f0 f2 && echo z > gone && mkdir -p t4/inner && chmod 700 t4/inner && ln f0 f3
RUN rm -r /opt/g0 /var/task/gone && mkdir /opt/g0 && echo new > /opt/g0/new
ENV PATH=/bin LAMBDA_TASK_ROOT=/var/task E0="from the parent" EMPTY=
"#;

/// What the second one has besides.
const CONFIGURED: &str = r#"ENTRYPOINT ["/bin/sh", "-c"]
CMD ["true"]
LABEL org.example.l0="of the parent" other="x"
EXPOSE 80 9000
WORKDIR /srv/real
USER 1000:1000
"#;

const NAMES: [&str; 2] = ["conform/odd:1", "conform/odd:2"];

/// By a parent's name its archive, and its layers as they are known to be.
pub type Parents = BTreeMap<String, (Utf8PathBuf, Vec<Arc<Layer>>)>;

/// Builds the parents: by name the archive of each and its layers.
///
/// # Errors
/// When the builder does not do it.
pub fn parents(engine: &Engine, folder: &Utf8Path) -> io::Result<Parents> {
    let context = folder.join("parents");
    fs::create_dir_all(&context)?;
    let mut parents = BTreeMap::new();
    for (name, text) in NAMES.into_iter().zip([ODD.to_owned(), format!("{ODD}{CONFIGURED}")]) {
        let dockerfile = context.join("Dockerfile");
        fs::write(&dockerfile, &text)?;
        let archive = context.join(format!("{}.tar", name.replace(['/', ':'], "-")));
        let run = |output: &str| {
            let args = ["build", "--provenance=false", "--quiet", output, "--tag", name, "."];
            engine.command(&context).args(args).run(&Cancel::default()).map_err(io::Error::other)
        };
        run("--load")?;
        run(&format!("--output=type=oci,dest={archive}"))?;
        let target = Target { context: context.clone(), dockerfile, linked: Vec::new(), stage: None };
        let wanted = BTreeMap::from([(0, Form::Whole)]);
        let built = engine.build(&context, &[target], &wanted, &Reader::default())?;
        let image = built.into_values().next().ok_or_else(|| io::Error::other("no image"))?;
        parents.insert(name.to_owned(), (archive, image.map_err(io::Error::other)?.layers));
    }
    Ok(parents)
}

/// A tree, and a few images that copy from it.
pub fn monorepo(random: &mut Random) -> (Tree, Declaration) {
    let tree = tree(random);
    let images = (0..4).map(|place| {
        let kind = if random.chance(70) { Kind::Lambda } else { Kind::Container };
        let on = On::External((*random.pick(&NAMES)).to_owned());
        let mut parts = vec![Part::Cmd("handler.main".to_owned())];
        for _ in 0..1 + random.below(4) {
            parts.push(if random.chance(25) {
                odd(random)
            } else {
                part(random, &tree, Shell(false), false)
            });
        }
        let name = format!("image-{place}");
        ImageModel { name, kind, on, parts, stage: None, target: false, function: None }
    });
    let images = images.collect();
    (tree, Declaration { images })
}

/// What is more about the parent than about the tree.
fn odd(random: &mut Random) -> Part {
    let folder = (*random.pick(&["svc/one", "shared", "deep", "."])).to_owned();
    let at = |random: &mut Random, places: &[&str]| (*random.pick(places)).to_owned();
    match random.below(6) {
        0 | 1 => {
            let places =
                ["t0", "t1/new", "t3", "t4", "/opt", "/srv/link", "/linked/real", "/", ".", "/opt/g0", "f1"];
            Part::CopyDirAs(folder, at(random, &places))
        }
        2 => {
            let places =
                ["f0", "f1", "f2", "f3", "t2", "t4", "t0/", "/srv/link/x", "/opt/g0/old", "/new/deep/"];
            Part::CopyGlob("svc/one/*".to_owned(), at(random, &places))
        }
        3 => {
            let values =
                ["$E0-x", "${PATH}:/y", "${EMPTY}$UNSET.", r"\$E0", r"c:\x \\y", "${E0:-no}", "$E0$E1"];
            Part::Env(format!("E{}", random.below(3)), at(random, &values))
        }
        4 => Part::Label(format!("org.example.l{}", random.below(2)), at(random, &["$E0", "it's \"x\"", ""])),
        _ => {
            let places =
                ["/srv/real", "inner", "/srv/link", "/new/work", "$LAMBDA_TASK_ROOT/x", "t4/inner", "/"];
            Part::Workdir(at(random, &places))
        }
    }
}
