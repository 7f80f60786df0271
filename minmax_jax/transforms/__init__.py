"""One algorithm a file: transformations of a tree or of the joint tree."""
