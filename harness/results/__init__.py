"""What came back and what it means: KTAP, the kernel's log, kmemleak, coverage, verdicts.

All of it is text and data that a test can write down. Nothing here depends on how a guest
was booted or how its answers travelled, and nothing is printed.
"""
