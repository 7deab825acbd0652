//! The other path, from a real journal through real HTTP to tables in memory.

#![cfg(test)]

mod allotted;
mod anchors;
mod budget;
mod corrected;
mod crash;
mod funnel;
mod judging;
mod modes;
mod tables;
mod waiting;
mod world;
