//! Conformance runners, guest programs and boot tests.
