"""What was read and stock has not acknowledged, on disk."""
