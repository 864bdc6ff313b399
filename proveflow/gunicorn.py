"""gunicorn's settings. There are many threads, because requests mostly wait for Prove and Twilio.

https://docs.gunicorn.org/en/stable/settings.html
"""

workers = 2
threads = 64
timeout = 30  # seconds; longer than REQUEST_LIMIT in onboarding.web.middleware
graceful_timeout = 25  # seconds
keepalive = 5  # seconds

control_socket_disable = True
