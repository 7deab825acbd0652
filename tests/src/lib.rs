//! Tests of the whole: `tests/tidy` holds the tree to its own rules. What spawns the binary belongs
//! here too. Nothing heavy is linked: a journey speaks to the binary as a user does, over its
//! command line and its sockets.
