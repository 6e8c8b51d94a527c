//! The methods that images and stages share. Each adds to the recipe; none checks or reads anything.

use super::recipe::{
    Cmd, Compilers, Copy, CopySource, HandlerStep, PackageManager, Pip, Recipe, Run, Secret, SystemPackages,
};
use crate::layer::LayerClass;
use crate::python::PythonPackage;

/// Declares what is done to the parent, in words of the Dockerfile. The order of calls inside one layer class is
/// kept; the classes themselves are stacked by [`LayerClass`], whatever the order of calls.
pub trait Declare: Sized {
    /// The recipe that the methods add to.
    fn recipe_mut(&mut self) -> &mut Recipe;

    /// Adds to the recipe.
    #[must_use]
    fn with(mut self, add: impl FnOnce(&mut Recipe)) -> Self {
        add(self.recipe_mut());
        self
    }

    /// Installs packages with dnf.
    #[must_use]
    fn dnf<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with(|recipe| recipe.system.push(SystemPackages::new(PackageManager::Dnf, names)))
    }

    /// Installs packages with microdnf, which AWS's own Lambda images have from Amazon Linux 2023 on.
    #[must_use]
    fn microdnf<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with(|recipe| recipe.system.push(SystemPackages::new(PackageManager::Microdnf, names)))
    }

    /// Installs packages with apt-get.
    #[must_use]
    fn apt<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        self.with(|recipe| recipe.system.push(SystemPackages::new(PackageManager::Apt, names)))
    }

    /// Runs a command after the system packages.
    #[must_use]
    fn run(self, command: impl Into<Run>) -> Self {
        self.run_in(LayerClass::System, command)
    }

    /// Runs a command at the end of a layer class; in [`LayerClass::Handler`] in order with the copies.
    #[must_use]
    fn run_in(self, class: LayerClass, command: impl Into<Run>) -> Self {
        self.with(|recipe| match class {
            LayerClass::Handler => recipe.handler.push(HandlerStep::Run(command.into())),
            class => recipe.runs.push((class, command.into())),
        })
    }

    /// Installs third-party distributions given as requirement specifiers: `.pip(["numpy>=2,<3"])`.
    #[must_use]
    fn pip<S: Into<String>>(self, requirements: impl IntoIterator<Item = S>) -> Self {
        self.pip_install(Pip::inline(requirements))
    }

    /// Installs what a requirements file lists.
    #[must_use]
    fn requirements(self, path: impl Into<String>) -> Self {
        self.pip_install(Pip::file(path))
    }

    /// Installs third-party distributions, from another index for instance.
    #[must_use]
    fn pip_install(self, pip: Pip) -> Self {
        self.with(|recipe| recipe.pip.push(pip))
    }

    /// Installs third-party distributions in a stage that has these compilers; they do not reach the image.
    #[must_use]
    fn compilers(self, compilers: Compilers) -> Self {
        self.with(|recipe| recipe.compilers = Some(compilers))
    }

    /// Installs a local package, and before it what it depends on: local packages and third-party distributions.
    #[must_use]
    fn install(self, package: impl Into<PythonPackage>) -> Self {
        self.with(|recipe| recipe.packages.push(package.into()))
    }

    /// Copies a file, keeping its name.
    #[must_use]
    fn copy(self, file: impl Into<String>) -> Self {
        self.with(|recipe| recipe.copy(CopySource::File(file.into()), None))
    }

    /// Copies a file to another name or place; `to` names the file itself, or a folder when it ends in `/`.
    #[must_use]
    fn copy_as(self, file: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(|recipe| recipe.copy(CopySource::File(file.into()), Some(to.into())))
    }

    /// Copies a folder, keeping its name.
    #[must_use]
    fn copy_dir(self, folder: impl Into<String>) -> Self {
        self.with(|recipe| recipe.copy(CopySource::Folder(folder.into()), None))
    }

    /// Copies what is in a folder into the folder `to` of the image.
    #[must_use]
    fn copy_dir_as(self, folder: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(|recipe| recipe.copy(CopySource::Folder(folder.into()), Some(to.into())))
    }

    /// Copies what is in a folder, but not what the patterns match: those of a `.dockerignore`, relative to the folder.
    #[must_use]
    fn copy_dir_except<S: Into<String>>(
        self,
        folder: impl Into<String>,
        to: impl Into<String>,
        exclude: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(|recipe| {
            recipe.handler.push(HandlerStep::Copy(Copy {
                from: CopySource::Folder(folder.into()),
                to: Some(to.into()),
                exclude: exclude.into_iter().map(Into::into).collect(),
            }));
        })
    }

    /// Copies the files that match a pattern into the folder `to` of the image. Only the last part may hold
    /// `*`, `?` or `[…]`, and something must match.
    #[must_use]
    fn copy_glob(self, pattern: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(|recipe| recipe.copy(CopySource::Glob(pattern.into()), Some(to.into())))
    }

    /// Copies a path out of an earlier stage.
    #[must_use]
    fn copy_from(self, stage: impl Into<String>, path: impl Into<String>, to: impl Into<String>) -> Self {
        let from = CopySource::Stage { stage: stage.into(), path: path.into() };
        self.with(|recipe| recipe.copy(from, Some(to.into())))
    }

    /// Makes folders, in order with the copies.
    #[must_use]
    fn mkdir(self, folder: impl AsRef<str>) -> Self {
        self.run_in(LayerClass::Handler, format!("mkdir -p {}", crate::shell::quote(folder.as_ref())))
    }

    /// Changes modes (`"0755"`, `"a+rX"`), in order with the copies.
    #[must_use]
    fn chmod(self, mode: impl AsRef<str>, path: impl AsRef<str>) -> Self {
        let command =
            format!("chmod -R {} {}", crate::shell::quote(mode.as_ref()), crate::shell::quote(path.as_ref()));
        self.run_in(LayerClass::Handler, command)
    }

    /// Sets an environment variable of the image. As in a Dockerfile, `$NAME` stands for another variable's value.
    #[must_use]
    fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|recipe| recipe.env.push((name.into(), value.into())))
    }

    /// Sets an environment variable before everything else, for the build's own commands; it stays in the image.
    #[must_use]
    fn build_env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|recipe| recipe.build_env.push((name.into(), value.into())))
    }

    /// Declares a build argument with its value, for the build's own commands; it does not stay in the image.
    #[must_use]
    fn arg(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|recipe| recipe.args.push((name.into(), value.into())))
    }

    /// Sets a label.
    #[must_use]
    fn label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|recipe| {
            recipe.labels.insert(name.into(), value.into());
        })
    }

    /// Sets the working directory, before files are copied.
    #[must_use]
    fn workdir(self, folder: impl Into<String>) -> Self {
        self.with(|recipe| recipe.workdir = Some(folder.into()))
    }

    /// Sets the user that the image runs as; the build's own commands still run as the parent's user.
    #[must_use]
    fn user(self, user: impl Into<String>) -> Self {
        self.with(|recipe| recipe.user = Some(user.into()))
    }

    /// Names a port.
    #[must_use]
    fn expose(self, port: u16) -> Self {
        self.with(|recipe| recipe.expose.push(port))
    }

    /// Sets the entry point, in exec form.
    #[must_use]
    fn entrypoint<S: Into<String>>(self, words: impl IntoIterator<Item = S>) -> Self {
        self.with(|recipe| recipe.entrypoint = Some(words.into_iter().map(Into::into).collect()))
    }

    /// Sets the command: for a Lambda its handler, `"module.function"` or `"folder.module.function"`.
    #[must_use]
    fn cmd(self, command: impl Into<Cmd>) -> Self {
        self.with(|recipe| recipe.cmd = Some(command.into()))
    }

    /// Declares a build secret for [`Run::secret`].
    #[must_use]
    fn secret(self, secret: Secret) -> Self {
        self.with(|recipe| recipe.secrets.push(secret))
    }
}

impl Recipe {
    fn copy(&mut self, from: CopySource, to: Option<String>) {
        self.handler.push(HandlerStep::Copy(Copy { from, to, exclude: Vec::new() }));
    }
}
