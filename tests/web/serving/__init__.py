"""What load balancers, proxies and CDNs get: health checks, static files, paths and origins."""
