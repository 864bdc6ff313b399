"""A pretend native app: what runs on a phone, in front of the product's API and of Prove's device API."""
