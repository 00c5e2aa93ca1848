"""Doing it: loads checked, suites run, clauses proved, mistakes tried, coverage measured.

A module here gives guests their jobs and returns results. Nothing here parses a command
line, and nothing but progress is printed.
"""
