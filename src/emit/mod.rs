//! Compiled experiments in the words of other tools.
