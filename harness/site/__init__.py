"""The site: the pages, the sources with commentary beside the code, and what runs have shown.

It reads the tree, kept results and pictures, and hands pages to Sphinx. Nothing here boots a
guest or decides what passed.
"""
