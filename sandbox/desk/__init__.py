"""The sandbox's web page, and the control API for scripts and for the page's forms."""
