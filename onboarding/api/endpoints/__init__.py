"""The endpoints of the API, by path."""
