"""Rehearsed bad days: nodes with the operator's settings, a sandbox that fails, and people who onboard meanwhile."""
