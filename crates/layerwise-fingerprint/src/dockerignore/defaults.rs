//! What a declared folder leaves out unless the declaration says otherwise. Only constants.

/// What never belongs into an image, whatever the folder holds: what tools leave behind, what holds secrets, what the image
/// installs for itself. Patterns relative to the folder.
///
/// A file that is declared by name is taken in even if one of these matches it.
pub const JUNK: &[&str] = &[
    // Python's own.
    "**/__pycache__",
    "**/*.pyc",
    "**/*.pyo",
    "**/*.egg-info",
    "**/.venv",
    "**/venv",
    // Tools' caches.
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
    "**/.hypothesis",
    "**/.tox",
    "**/.nox",
    "**/.coverage",
    "**/.coverage.*",
    "**/htmlcov",
    "**/.ipynb_checkpoints",
    "**/node_modules",
    // Secrets: `.env`, `.env.local`, `.env.production`.
    "**/.env",
    "**/.env.*",
    // Version control, editors, desktops.
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/.idea",
    "**/.vscode",
    "**/*~",
    "**/*.swp",
    "**/*.swo",
    "**/.#*",
    "**/#*#",
    "**/.DS_Store",
    "**/Thumbs.db",
];
