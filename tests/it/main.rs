//! Integration tests, in one binary.

mod architecture;
mod cli;
mod etiquette;
mod fleets;
mod hostile;
mod replay;
mod screens;
mod terminal;
