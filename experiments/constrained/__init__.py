"""Methods for constrained problems with exact solutions."""
