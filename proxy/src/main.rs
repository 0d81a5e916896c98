//! The `demur` program: everything it does is in the library.

fn main() -> std::process::ExitCode {
    demur::cli::run()
}
