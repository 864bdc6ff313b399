"""Who reaches the desk: roles, invitations, and what proves who somebody is."""
