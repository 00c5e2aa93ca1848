"""From sources to files: modules, check programs, the guest's file system.

Nothing here boots, and nothing depends on what a guest is to do with the files.
"""
