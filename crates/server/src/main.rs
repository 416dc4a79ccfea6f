//! The `matinee-server` program.

fn main() -> std::process::ExitCode {
    matinee_server::cli::main()
}
