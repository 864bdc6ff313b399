"""gunicorn's settings: threads, because a request spends its time waiting for Prove and Twilio."""

workers = 2
threads = 64
timeout = 30  # seconds; a request ends within 20
graceful_timeout = 25  # seconds
keepalive = 5  # seconds

control_socket_disable = True
