"""Results as tables for people, and as JSON and JUnit for machines: a writer for each.

Nothing here boots, or decides what passed: a report asks the results.
"""
