//! One image per declaration pattern, and the repository that they read. Those of [`buildable`] need nothing but
//! the stock base and the package index; those of [`rendered`] need system packages or other registries.

use layerwise::image::{
    BaseImage, Cmd, Compilers, ContainerImage, Declare, Images, LambdaImage, Pip, Run, Secret, Stage,
    external, lambda_python, stage,
};
use layerwise::layer::LayerClass;
use layerwise::platform::Platform;
use layerwise::python::PythonPackage;

use crate::repository::Repository;

/// The repository that all patterns read.
#[must_use]
pub fn repository() -> Repository {
    let repository = Repository::new();
    let write = |path: &str, text: &str| {
        repository.write(path, text);
    };
    let handler = "def lambda_handler(event, context):\n    return {\"ok\": True}\n";
    write("services/one/handler.py", handler);
    write("services/one/process_receipt.py", handler);
    write("services/shared/common.py", "ANSWER = 42\n");
    write("services/parent_handler.py", handler);
    write("services/one/assets/fonts/a.txt", "a\n");
    write("services/one/assets/fonts/b.txt", "b\n");
    write("services/one/assets/.env", "SECRET=canary\n");
    write("services/one/assets/__pycache__/x.pyc", "junk\n");
    write("services/one/rules.json", "{}\n");
    write("services/one/words.json", "[]\n");
    write("services/one/handlers/__init__.py", "");
    write("services/one/handlers/words.py", handler);
    write("services/one/requirements.txt", "six==1.17.0\n");
    write("services/odd names/it's $5 [x] *.txt", "odd\n");
    write("services/odd names/-dash.txt", "odd\n");
    write("services/odd names/!bang.txt", "odd\n");
    write("services/odd names/#hash é.txt", "odd\n");
    write("training/train.py", "print(\"trained\")\n");
    write("secrets/netrc", "machine 127.0.0.1 login me password not-so-secret\n");
    write("tools/microdnf", "#!/bin/sh\necho \"would: $*\"\n");
    repository.folder("services/one/empty");
    repository.link("services/one/linked.json", "rules.json");
    write(
        "packages/core_kit/pyproject.toml",
        "[build-system]\nrequires = [\"setuptools>=77\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"core-kit\"\nversion = \"1.0\"\nreadme = \"docs/README.md\"\n\n\
         [project.optional-dependencies]\nfast = [\"six>=1.16,<2\"]\n\n\
         [tool.setuptools.packages.find]\nwhere = [\"src\"]\n",
    );
    write("packages/core_kit/docs/README.md", "# Core\n");
    write("packages/core_kit/src/core_kit/__init__.py", "NAME = \"core\"\n");
    write("packages/core_kit/tests/test_core.py", "raise SystemExit\n");
    write(
        "packages/top_kit/pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n\
         [project]\nname = \"top_kit\"\nversion = \"1.0\"\ndependencies = [\"core_kit[fast]\"]\n",
    );
    write("packages/top_kit/top_kit/__init__.py", "import core_kit\n\nNAME = core_kit.NAME + \"+top\"\n");
    write("packages/top_kit/top_kit/handler.py", handler);
    repository
}

fn core() -> PythonPackage {
    PythonPackage::at("packages/core_kit")
}

fn top() -> PythonPackage {
    PythonPackage::at("packages/top_kit")
}

/// What the sandbox can build.
#[must_use]
pub fn buildable() -> Images {
    let tools = BaseImage::new("base-tools")
        .from(lambda_python("3.13"))
        .arg("FLAVOUR", "plain \"quoted\" text")
        .build_env("BUILD_MODE", "quiet")
        .run("echo \"$FLAVOUR $BUILD_MODE\" > /opt/flavour")
        .run("printf 'two\\nlines' \\\n  > /opt/lines")
        .copy_as("tools/microdnf", "/usr/local/bin/microdnf")
        .chmod("0755", "/usr/local/bin/microdnf");
    let compiled = BaseImage::new("base-compiled")
        .from(&tools)
        .microdnf(["tar", "gzip"])
        .compilers(Compilers::microdnf(["gcc", "python3-devel"]))
        .pip(["six>=1.16,<2", "idna!=3.5"]);
    let packaged = BaseImage::new("base-packaged").from(&compiled).install(core());

    let service =
        |name: &str| LambdaImage::new(name).from(lambda_python("3.13")).cmd("handler.lambda_handler");
    Images::new(Platform::LinuxAmd64)
        .package(&core())
        .lambda(service("plain").copy("services/one/handler.py"))
        .lambda(service("renamed").copy_as("services/one/process_receipt.py", "handler.py"))
        .lambda(
            service("from-parent-and-sibling")
                .copy_as("services/parent_handler.py", "handler.py")
                .copy_as("services/shared/common.py", "shared/"),
        )
        .lambda(
            service("trees")
                .copy_dir("services/one/assets")
                .copy_dir_as("services/one/assets/fonts", "/opt/fonts")
                .copy_dir_except("services/one/handlers", "h", ["__init__.py"])
                .copy_dir("services/one/empty")
                .copy("services/one/handler.py"),
        )
        .lambda(
            service("twice")
                .copy("services/one/rules.json")
                .copy_as("services/one/rules.json", "config/main.json")
                .copy("services/one/linked.json")
                .copy("services/one/handler.py"),
        )
        .lambda(service("globbed").copy_glob("services/one/*.json", "data").copy("services/one/handler.py"))
        .lambda(service("out-of-a-package").copy_as("packages/top_kit/top_kit/handler.py", "handler.py"))
        .lambda(
            service("odd-names")
                .copy_dir_as("services/odd names", "odd")
                .copy("services/one/handler.py")
                .copy("services/odd names/it's $5 [x] *.txt"),
        )
        .lambda(
            service("required")
                .requirements("services/one/requirements.txt")
                .pip(["idna>=3,<4"])
                .copy("services/one/handler.py"),
        )
        .lambda(
            LambdaImage::new("nested")
                .from(&packaged)
                .install(top())
                .copy_dir("services/one/handlers")
                .function("words")
                .function("words-replay")
                .cmd("handlers.words.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("in-a-package")
                .from(&packaged)
                .install(top())
                .cmd("top_kit.handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("configured")
                .from(&tools)
                .workdir("/var/task/inner dir")
                .mkdir("/opt/made folder")
                .copy("services/one/handler.py")
                .chmod("a+rX", "/var/task")
                .run_in(LayerClass::Handler, "test -r /var/task/handler.py")
                .env("GREETING", "say \"hi\" for $5")
                .env("SEARCH", "/opt/tools:$PATH")
                .label("org.example.team", "receipts & more")
                .expose(8080)
                .user("65534")
                .entrypoint(["/lambda-entrypoint.sh"])
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("staged")
                .stage(
                    Stage::new("assemble")
                        .from(&tools)
                        .copy_as("services/one/rules.json", "/out/rules.json")
                        .run_in(LayerClass::Handler, "echo made > /out/made.txt"),
                )
                .from(lambda_python("3.13"))
                .copy_from("assemble", "/out", "out/")
                .copy("services/one/handler.py")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            LambdaImage::new("targeted")
                .stage(
                    Stage::new("slim")
                        .from(lambda_python("3.13"))
                        .copy_as("services/one/handler.py", "/var/task/")
                        .cmd("handler.lambda_handler"),
                )
                .from(stage("slim"))
                .target("slim")
                .run("false")
                .cmd("handler.lambda_handler"),
        )
        .lambda(
            service("secretive")
                .secret(Secret::env("token", "LAYERWISE_TEST_TOKEN"))
                .secret(Secret::file("netrc", "secrets/netrc"))
                .run(
                    Run::new("test -s /run/secrets/token && test -s /run/secrets/netrc")
                        .secret("token")
                        .secret("netrc"),
                )
                .copy("services/one/handler.py"),
        )
        .container(
            ContainerImage::new("training")
                .from(external("public.ecr.aws/lambda/python:3.13"))
                .workdir("/srv")
                .copy("training/train.py")
                .entrypoint(["python3", "train.py"]),
        )
}

/// What needs a real distribution or another registry to build.
#[must_use]
pub fn rendered() -> Images {
    let amazon = BaseImage::new("base-amazon")
        .from(external("public.ecr.aws/lambda/python:3.13@sha256:0000000000000000000000000000000000000000000000000000000000000000"))
        .dnf(["tar", "gcc-c++", "gzip"])
        .pip_install(
            Pip::inline(["private-kit==1.2"])
                .index_url("https://pypi.example.com/simple")
                .extra_index_url("https://mirror.example.com/simple?a=1&b=2"),
        )
        .pip(["numpy>=2,<3; python_version >= \"3.12\""])
        .compilers(Compilers::dnf(["gcc"]));
    Images::new(Platform::LinuxArm64)
        .lambda(
            LambdaImage::new("arm")
                .from(&amazon)
                .cmd(Cmd::unchecked("datadog_lambda.handler.handler"))
                .platform(Platform::LinuxArm64),
        )
        .lambda(
            LambdaImage::new("intel").from(&amazon).cmd(Cmd::unchecked("x.y")).platform(Platform::LinuxAmd64),
        )
        .container(
            ContainerImage::new("debian")
                .from(external("debian:trixie-slim"))
                .apt(["curl", "ca-certificates"])
                .syntax("docker/dockerfile:1.7")
                .entrypoint(["curl"]),
        )
}
