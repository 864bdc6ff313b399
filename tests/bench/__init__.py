"""`make bench`: what an onboarding costs, and how many people are served at once; one JSON object a line.

The product runs as in production, on PostgreSQL and on SQLite, with vendors that answer at once or after 300 ms. In the
same run are measured, where they can be: the floor (the same calls and rows by bare `requests` and a bare driver), and
a peer without a database. Compare ratios between machines, not times: `cpu_in_floors` and `cpu_in_peers`.
"""
