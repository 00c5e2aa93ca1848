"""Series and architectures, and where a kernel comes from: Debian's archive, or its source.

A request names one of them. Nothing here is about labs: a kernel is the same whatever is
loaded into it.
"""
