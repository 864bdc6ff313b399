"""What all routes share: reading a call, replying, errors, faults and the ledger."""
