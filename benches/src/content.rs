//! What stands in generated files. The same index gives the same bytes, today and on every machine.

/// The generator of pseudo-random numbers of Steele, Lea and Flood (`SplitMix64`).
pub struct Random(u64);

impl Random {
    /// Numbers that depend on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }
}

/// A Python module of a few kilobytes.
#[must_use]
pub fn module(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("\"\"\"Module {seed}.\"\"\"\n");
    for index in 0..10 + random.below(80) {
        let number = random.number();
        text +=
            &format!("\n\ndef step_{index}(value):\n    return (value * {number} + {index}) % 1_000_003\n");
    }
    text
}

/// A handler that answers with a number of its own.
#[must_use]
pub fn handler(seed: u64) -> String {
    format!(
        "{}\n\ndef lambda_handler(event, context):\n    return {{\"answer\": step_0({seed}), \"event\": event}}\n",
        module(seed)
    )
}

/// An asset: text without a language, from one to sixteen kilobytes.
#[must_use]
pub fn asset(seed: u64) -> String {
    let mut random = Random::new(seed);
    (0..64 + random.below(960)).map(|_| format!("{:016x}", random.number())).collect()
}

/// The `pyproject.toml` of a package.
#[must_use]
pub fn pyproject(name: &str, needs: &[&str]) -> String {
    let needs: Vec<_> = needs.iter().map(|name| format!("\"{name}\"")).collect();
    format!(
        "[build-system]\nrequires = [\"setuptools>=77\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
         [project]\nname = \"{name}\"\nversion = \"1.0.0\"\nreadme = \"README.md\"\n\
         requires-python = \">=3.11\"\ndependencies = [{}]\n\n\
         [tool.setuptools]\nlicense-files = []\n",
        needs.join(", ")
    )
}
