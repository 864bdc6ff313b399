"""Tests of the event log as evidence."""
