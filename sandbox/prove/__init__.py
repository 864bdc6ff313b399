"""The pretend Prove: the server's API (token, unify, device) and the device API that the Web SDK speaks (web)."""
