"""What the sandbox stores, its clock, its test users and its switches."""
