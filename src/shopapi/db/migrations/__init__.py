"""The schema's steps, in order. A step that has been released is never edited: its checksum is in every database."""
