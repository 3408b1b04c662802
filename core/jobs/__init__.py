"""What happens without anybody asking: the clock sweeps for what is due, the engine carries it to the outside."""
