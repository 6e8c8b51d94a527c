//! A repository for the sample monorepo's declarations whose files never change, whatever becomes of the sample.

use crate::repository::Repository;

const FILES: [(&str, &str); 26] = [
    (
        "base-images/receipt_dynamo/pyproject.toml",
        "[build-system]\nrequires = [\"setuptools>=77\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"receipt_dynamo\"\nversion = \"1\"\nreadme = \"docs/README.md\"\n\
         dependencies = [\"python-dateutil>=2.9,<3\"]\n\n[tool.setuptools.packages.find]\nwhere = [\"src\"]\n",
    ),
    ("base-images/receipt_dynamo/docs/README.md", "# Dynamo\n"),
    ("base-images/receipt_dynamo/src/receipt_dynamo/__init__.py", "NAME = \"dynamo\"\n"),
    ("base-images/receipt_dynamo/tests/test_it.py", "raise SystemExit\n"),
    (
        "base-images/receipt_chroma/pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\n\
         [project]\nname = \"receipt-chroma\"\nversion = \"1\"\ndependencies = [\"receipt-dynamo\"]\n\n\
         [tool.hatch.build.targets.wheel]\npackages = [\"receipt_chroma\"]\n",
    ),
    ("base-images/receipt_chroma/receipt_chroma/__init__.py", "NAME = \"chroma\"\n"),
    (
        "base-images/receipt_label/pyproject.toml",
        "[project]\nname = \"receipt_label\"\nversion = \"1\"\nlicense-files = [\"LICENSE\"]\n\
         dependencies = [\"receipt_dynamo\"]\n\n[project.optional-dependencies]\nfull = [\"Unidecode>=1.3,<2\"]\n\n\
         [tool.setuptools]\npackages = [\"receipt_label\"]\n",
    ),
    ("base-images/receipt_label/LICENSE", "Free\n"),
    ("base-images/receipt_label/receipt_label/__init__.py", "NAME = \"label\"\n"),
    ("base-images/receipt_label/receipt_label/data/labels.json", "{}\n"),
    ("lambdas/embedding_step_functions/list_pending/requirements.txt", "humanize==4.12.3\n"),
    ("lambdas/embedding_step_functions/list_pending_handler.py", HANDLER),
    ("lambdas/embedding_step_functions/shared/batching.py", "SIZE = 10\n"),
    ("lambdas/embedding_step_functions/find_unembedded/handler.py", HANDLER),
    ("lambdas/embedding_step_functions/submit_openai/handler.py", HANDLER),
    ("lambdas/embedding_step_functions/polling/utils/__init__.py", ""),
    ("lambdas/embedding_step_functions/polling/handlers/lines.py", HANDLER),
    ("lambdas/embedding_step_functions/polling/handlers/words.py", HANDLER),
    ("lambdas/embedding_step_functions/compaction/handler.py", HANDLER),
    ("lambdas/create_labels/handler.py", HANDLER),
    ("lambdas/validate_pending_labels/summary.py", "TOTAL = 0\n"),
    ("lambdas/validate_pending_labels/handler.py", HANDLER),
    ("lambdas/upload_images/assets/limits.json", "{}\n"),
    ("lambdas/upload_images/dimensions.py", "LARGEST = 1\n"),
    ("lambdas/upload_images/handler.py", HANDLER),
    ("lambdas/ping/handler.py", HANDLER),
];

const HANDLER: &str = "def lambda_handler(event, context):\n    return event\n";

/// The repository.
#[must_use]
pub fn repository() -> Repository {
    let repository = Repository::new();
    for (path, text) in FILES {
        repository.write(path, text);
    }
    repository
}
