//! Mathematics only: distributions, sample size, multiplicity, sequential bounds. Knows no experiment.
