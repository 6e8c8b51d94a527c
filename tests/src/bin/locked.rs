//! The program that builds [`layerwise_tests::locked`].

fn main() -> std::process::ExitCode {
    layerwise_cli::main(layerwise_tests::locked::images())
}
