"""The schema's steps, in order. A step that has been released is never edited: its checksum is in every database.

A shop's schema only goes forward, so no step has a way back: restore a backup instead.
"""
