"""What is said to whom, and what becomes of it: no I/O, no wire, no database."""
