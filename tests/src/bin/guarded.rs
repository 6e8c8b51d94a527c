//! The program that builds [`layerwise_tests::guarded`].

fn main() -> std::process::ExitCode {
    layerwise_cli::main(layerwise_tests::guarded::images())
}
