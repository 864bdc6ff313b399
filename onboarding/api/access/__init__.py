"""Who may call the API: tokens, who holds them, and apps that attest themselves."""
