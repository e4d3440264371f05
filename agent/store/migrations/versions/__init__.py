"""One file for each step, numbered without gaps; a step that was released is never edited."""
