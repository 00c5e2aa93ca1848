"""make lint: what each checker looks at, and how its words become findings."""
