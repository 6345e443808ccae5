"""The sans-IO core: events in, commands out, no clock, no loop, no threads."""
