"""HTTP/1.1 to one vendor: connecting, the exchange on a connection, and the pool of connections."""
