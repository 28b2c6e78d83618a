//! The ringzero program: command line, window, terminal, headless runs.
