"""The harness: fetch kernels, build, boot, read results, report.

Each folder is a room, and its docstring says what stands there and what does not. A room
imports only from the rooms below it (harness/tests/test_rooms.py checks that):

    verbs
    lint · reports
    runs
    guest
    results
    build
    catalogue
    kernels
    base
"""
