//! What commands say on standard output.

use std::io::{self, Write};

use anyhow::Context;

/// Prints `text`. That nobody reads on, as behind `| head`, is no error.
pub fn say(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}
