"""One audit as text, as a page and as JSON."""
