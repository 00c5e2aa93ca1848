"""make lint: what each checker looks at, and how its words become findings.

It reads sources and boots nothing. It does not use reports, nor they it.
"""
