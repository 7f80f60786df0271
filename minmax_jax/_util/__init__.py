"""Code shared by several algorithms. Nothing in here is public."""
