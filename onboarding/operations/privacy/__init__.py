"""What operators do with the personal data of the database."""
