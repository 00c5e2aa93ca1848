"""What the tree says of itself: labs, suites, clauses of the contract, mistakes, pages.

It is read from lab.toml, suite.toml, patches and Markdown. Nothing here builds or runs.
"""
