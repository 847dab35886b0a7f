"""What lives in a kernel, the user's or a replay's: it records and restores, and never breaks a cell."""
