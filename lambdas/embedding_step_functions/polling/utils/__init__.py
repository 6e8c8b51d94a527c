"""What polling for lines and polling for words have in common."""
