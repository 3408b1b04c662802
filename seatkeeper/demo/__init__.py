"""The demo: the whole product offline, with what the world around it would do. Nothing outside this folder knows it."""

from seatkeeper.demo.run import run_demo

__all__ = ["run_demo"]
