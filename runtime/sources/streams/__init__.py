"""What APIs stream, read by its shape, as text of a trace."""
