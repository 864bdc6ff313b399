"""What networks, databases and poolers of operators do, with the real programs or ones that play them."""
