"""What can be done: one method an intention, one transaction each."""
